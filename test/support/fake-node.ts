import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'
import { API_KEYS } from '../../lib/transport/kafka/wire.js'

/** A node that does with each request what the test says: the bytes without their length, and the socket. */
export async function fakeNode (
  t: Pick<Test, 'teardown'>, onRequest: (request: Buffer, socket: Socket) => void
): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0)
    sockets.add(socket)
    socket.once('close', () => { sockets.delete(socket) }).on('error', () => {}).on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE()) {
        const end = 4 + bytes.readInt32BE()
        onRequest(bytes.subarray(4, end), socket)
        bytes = bytes.subarray(end)
      }
    })
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A frame: length, correlation id of the request, and the rest. */
export function frame (request: Buffer, ...numbers: ReadonlyArray<readonly [bits: 16 | 32, value: number]>): Buffer {
  return rawFrame(request, Buffer.concat(numbers.map(([bits, value]) => {
    const part = Buffer.alloc(bits / 8)
    part.writeIntBE(value, 0, bits / 8)
    return part
  })))
}

export function rawFrame (request: Buffer, rest: Buffer): Buffer {
  const body = Buffer.concat([request.subarray(4, 8), rest])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

export function isVersionsRequest (request: Buffer): boolean {
  return request.readInt16BE() === 18
}

/** Answers ApiVersions in version 0 only: every API that we use, in these versions. */
export function oldBroker (request: Buffer, socket: Socket, max = 9): void {
  if (!isVersionsRequest(request)) return
  if (request.readInt16BE(2) > 0) {
    socket.write(frame(request, [16, 35], [32, 0]))
    return
  }
  const keys = Object.values(API_KEYS)
  const ranges = keys.flatMap((key) => [[16, key], [16, 0], [16, max]] as const)
  socket.write(frame(request, [16, 0], [32, keys.length], ...ranges))
}
