import { once } from 'node:events'
import { connect } from 'node:net'

const LEAVE_GROUP = 13

/** Sends the LeaveGroup request of a member, as an administrator's tool does who removes it; kafkajs has no call for it. */
export async function leaveGroup (
  coordinator: { readonly host: string, readonly port: number }, group: string, memberId: string
): Promise<void> {
  const socket = connect(coordinator)
  try {
    const body = Buffer.concat([
      int16(LEAVE_GROUP), int16(0), Buffer.alloc(4), text('control'), text(group), text(memberId)
    ])
    const size = Buffer.alloc(4)
    size.writeInt32BE(body.length)
    socket.write(Buffer.concat([size, body]))
    const [answer] = await once(socket, 'data') as [Buffer]
    const code = answer.readInt16BE(8)
    if (code !== 0) throw new Error(`error ${code}`)
  } finally {
    socket.destroy()
  }
}

function int16 (value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function text (value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
}
