import type { FastifyReply, FastifyRequest } from 'fastify'

export type Encoding = 'br' | 'gzip'

/** The best of the encodings that there are; undefined: as it is. */
export function encodingFor ({ headers }: FastifyRequest, available: readonly Encoding[]): Encoding | undefined {
  const wanted = headers['accept-encoding']?.split(',').map((item) => item.split(';').map((part) => part.trim().toLowerCase())) ?? []
  // A quality of 0 is a no.
  return available.find((encoding) => wanted.some(([name, quality = '']) => name === encoding && !/^q=0(\.0*)?$/.test(quality)))
}

/** Beside what the app's own hooks have it vary by: for CORS that is the origin, and caches must not forget it. */
export function varyByEncoding (reply: FastifyReply): FastifyReply {
  return reply.header('vary', [reply.getHeader('vary') ?? [], 'accept-encoding'].flat().join(', '))
}
