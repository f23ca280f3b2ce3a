/** The body of a request: in pieces, or as kafkajs's encoders give it. */
export type RequestBody = { readonly parts: readonly Buffer[] } | { readonly buffer: Buffer }

interface FramedRequest {
  readonly correlationId: number
  readonly clientId: string
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    encode (): Promise<RequestBody>
  }
}

/** Length, API key, version, correlation id, and the length of the client id. */
const HEAD = 14

/**
 * Stands in for `src/protocol/request.js`: a request as it is sent. kafkajs writes the body into one encoder and that
 * into another, which grow in powers of two and are filled with zeros each time.
 */
export async function requestFrame (
  { correlationId, clientId, request: { apiKey, apiVersion, encode } }: FramedRequest
): Promise<{ readonly buffer: Buffer }> {
  const body = await encode()
  const parts = 'parts' in body ? body.parts : [body.buffer]
  const idLength = Buffer.byteLength(clientId)
  let size = HEAD + idLength
  for (const part of parts) size += part.length
  const buffer = Buffer.allocUnsafe(size)
  buffer.writeInt32BE(size - 4, 0)
  buffer.writeInt16BE(apiKey, 4)
  buffer.writeInt16BE(apiVersion, 6)
  buffer.writeInt32BE(correlationId, 8)
  buffer.writeInt16BE(idLength, 12)
  buffer.write(clientId, HEAD)
  let position = HEAD + idLength
  for (const part of parts) {
    buffer.set(part, position)
    position += part.length
  }
  return { buffer }
}
