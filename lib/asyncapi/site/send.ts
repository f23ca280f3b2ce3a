import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Rendition } from './app-document.js'
import { encodingFor, varyByEncoding } from './encoding.js'

/** Below it compression does more work than good. */
const SMALL = 2048

/** It may be kept, but asked for each time: a new version of the app has the same address. */
export function send (
  request: FastifyRequest, reply: FastifyReply, { text, etag, gzip }: Rendition, contentType: string
): FastifyReply {
  const encoding = text.length < SMALL ? undefined : encodingFor(request, ['gzip'])
  const tag = encoding === undefined ? etag : etag.replace(/"$/, '-gzip"')
  varyByEncoding(reply).header('etag', tag).header('cache-control', 'no-cache')
  if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send()
  reply.type(contentType)
  return encoding === undefined ? reply.send(text) : reply.header('content-encoding', encoding).send(gzip())
}

/** Proxies that compress make an ETag a weak one. */
function isKnown (ifNoneMatch: string | undefined, etag: string): boolean {
  return ifNoneMatch?.split(',').some((known) => ['*', etag].includes(known.trim().replace(/^W\//, ''))) ?? false
}
