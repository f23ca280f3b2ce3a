import { createBounded } from '../create-bounded.js'

/* Requests and their replies. Clients of a route see them: no text of the other side is in them, only codes. */

export const FASTSTREAM_ERR_REQUEST_TIMEOUT = createBounded<[topic: string, ms: number, place: string]>(
  'FASTSTREAM_ERR_REQUEST_TIMEOUT',
  "no reply to the request for '%s' came within %d ms (%s): raise 'timeout' if its subscriber needs longer",
  504
)
export const FASTSTREAM_ERR_REQUEST_REFUSED = createBounded<[topic: string, remoteCode: string]>(
  'FASTSTREAM_ERR_REQUEST_REFUSED',
  "the subscriber of '%s' answered the request with the error %s: the log of its app says why",
  502
)
export const FASTSTREAM_ERR_REQUEST_ABORTED = createBounded<[topic: string, place: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_REQUEST_ABORTED',
  "the request for '%s' was aborted by its signal (%s): the client is gone, or the caller wants no reply any more",
  499
)
export const FASTSTREAM_ERR_REPLY = createBounded<[topic: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_REPLY', "the reply to the request for '%s' cannot be used: %s", 502
)
