import type { FastifyReply, FastifyRequest } from 'fastify'

export type Encoding = 'br' | 'gzip'

/** The best of the encodings that there are; undefined: as it is. */
export function encodingFor ({ headers }: FastifyRequest, available: readonly Encoding[]): Encoding | undefined {
  const items = headers['accept-encoding']?.split(',') ?? []
  const wanted = items.map((item) => item.split(';').map((part) => part.trim().toLowerCase()))
  // A quality of 0 refuses the encoding.
  const isRefused = (quality: string): boolean => /^q=0(\.0*)?$/.test(quality)
  return available.find((encoding) => {
    return wanted.some(([name, quality = '']) => name === encoding && !isRefused(quality))
  })
}

/** Beside what the app's own hooks have it vary by: for CORS that is the origin, and caches must not forget it. */
export function varyByEncoding (reply: FastifyReply): FastifyReply {
  return reply.header('vary', [reply.getHeader('vary') ?? [], 'accept-encoding'].flat().join(', '))
}
