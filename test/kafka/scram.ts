import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'

const ALTER_USER_SCRAM_CREDENTIALS = 51
/** The number of SCRAM-SHA-512 in the protocol. */
const SHA_512 = 2
const ITERATIONS = 4096

/** Gives a user another password for SCRAM-SHA-512 (KIP-554), as kafkajs cannot. `broker`: of the plain listener. */
export async function setPassword (broker: string, username: string, password: string): Promise<void> {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 64, 'sha512')
  const [noDeletions, oneUpsertion] = [Buffer.from([1]), Buffer.from([2])]
  const body = Buffer.concat([
    noDeletions, oneUpsertion, compact(Buffer.from(username)), Buffer.from([SHA_512]), int32(ITERATIONS), compact(salt),
    compact(salted), NO_TAGS, NO_TAGS
  ])
  const header = Buffer.concat([
    Buffer.from([0, ALTER_USER_SCRAM_CREDENTIALS, 0, 0]), int32(1), Buffer.from([0xff, 0xff]), NO_TAGS
  ])
  const answer = await ask(broker, Buffer.concat([header, body]))
  // Correlation id, tags, throttle time and the number of results; then the user and the error code of the first.
  const user = 4 + 1 + 4 + 1
  const errorCode = answer.readInt16BE(user + answer[user]!)
  if (errorCode !== 0) throw new Error(`the password of ${username} was not changed: error ${errorCode}`)
}

const NO_TAGS = Buffer.from([0])

/** Up to 126 bytes, behind their length and one. */
function compact (bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length + 1]), bytes])
}

function int32 (value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

async function ask (broker: string, request: Buffer): Promise<Buffer> {
  const [host, port] = broker.split(':')
  const socket = connect({ host: host!, port: Number(port) })
  try {
    await once(socket, 'connect')
    socket.write(Buffer.concat([int32(request.length), request]))
    let answer = Buffer.alloc(0)
    while (answer.length < 4 || answer.length < 4 + answer.readInt32BE()) {
      const [bytes] = await once(socket, 'data') as [Buffer]
      answer = Buffer.concat([answer, bytes])
    }
    return answer.subarray(4)
  } finally {
    socket.destroy()
  }
}
