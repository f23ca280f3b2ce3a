import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import { API_KEYS } from '../../lib/transport/kafka/wire.js'

/* A node as far as a client proves its identity to it. */

export const HANDSHAKE = 17
export const AUTHENTICATE = 36
const API_VERSIONS = 18
/** Kafka takes no longer requests. */
const MAX_REQUEST = 100 * 1024 * 1024

/** Where the server listens until the end of the test. */
export async function listen (t: Pick<Test, 'teardown'>, server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => { sockets.add(socket.on('error', () => {})) })
  server.listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

export type Field = readonly [bits: 16 | 32 | 64, value: number] | string | Buffer | null

/** An answer: length, correlation id of the request, and the fields. */
function answer (request: Buffer, ...fields: readonly Field[]): Buffer {
  const parts = fields.map((field) => {
    if (field === null) return Buffer.from([0xff, 0xff])
    if (typeof field === 'string') return Buffer.concat([Buffer.from([0, field.length]), Buffer.from(field)])
    if (Buffer.isBuffer(field)) return Buffer.concat([int(32, field.length), field])
    return int(...field)
  })
  const body = Buffer.concat([request.subarray(4, 8), ...parts])
  return Buffer.concat([int(32, body.length), body])
}

function int (bits: 16 | 32 | 64, value: number): Buffer {
  const part = Buffer.alloc(bits / 8)
  part.writeIntBE(value, Math.max(0, bits / 8 - 6), Math.min(6, bits / 8))
  return part
}

type Answers = Readonly<Record<number, (request: Buffer, socket: Socket) => readonly Field[] | undefined>>

/**
 * A node that tells its API versions, and answers what the test says; undefined: nothing.
 *
 * @param authenticate highest version of SaslAuthenticate: from 1 on an answer has the lifetime of the session
 */
export async function saslNode (t: Pick<Test, 'teardown'>, answers: Answers, authenticate = 0): Promise<string> {
  return await listen(t, createServer((socket) => {
    let bytes = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length >= 4 && bytes.readInt32BE() > MAX_REQUEST) socket.destroy()
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE()) {
        const end = 4 + bytes.readInt32BE()
        const request = bytes.subarray(4, end)
        bytes = bytes.subarray(end)
        const key = request.readInt16BE()
        const fields = key === API_VERSIONS ? versions(request, authenticate) : answers[key]?.(request, socket)
        if (fields !== undefined) socket.write(answer(request, ...fields))
      }
    })
  }))
}

function versions (request: Buffer, authenticate: number): readonly Field[] {
  if (request.readInt16BE(2) > 0) return [[16, 35], [32, 0]]
  const own = Object.values(API_KEYS).map((key) => [key, 9] as const)
  const highest = [...own, [HANDSHAKE, 0], [AUTHENTICATE, authenticate]] as const
  return [[16, 0], [32, highest.length], ...highest.flatMap(([key, max]) => [[16, key], [16, 0], [16, max]] as const)]
}

/** Mechanisms that the node offers. */
export function handshake (errorCode: number, ...mechanisms: string[]): readonly Field[] {
  return [[16, errorCode], [32, mechanisms.length], ...mechanisms]
}

/** The broker takes the credentials, for `lifetime` ms where it is given; `said`: what it says in the exchange. */
export function authenticated (lifetime?: number, said = Buffer.alloc(0)): readonly Field[] {
  return [[16, 0], null, said, ...lifetime === undefined ? [] : [[64, lifetime]] as const]
}
