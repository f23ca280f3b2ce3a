import { createBounded } from '../create-bounded.js'

/* Messages from the AsyncAPI page. */

export const FASTSTREAM_ERR_UNKNOWN_OPERATION = createBounded<[operation: string]>(
  'FASTSTREAM_ERR_UNKNOWN_OPERATION', "the AsyncAPI document has no operation '%s'", 404
)
export const FASTSTREAM_ERR_PUBLISH_FORBIDDEN = createBounded<[operation: string, reason: string]>(
  'FASTSTREAM_ERR_PUBLISH_FORBIDDEN', "operation '%s' was not published: %s", 403
)
export const FASTSTREAM_ERR_PUBLISH_AUTHORIZE = createBounded<
  [operation: string, reason: string, options?: ErrorOptions]
>(
  'FASTSTREAM_ERR_PUBLISH_AUTHORIZE', "operation '%s' was not published: 'authorize' %s", 500
)
export const FASTSTREAM_ERR_PUBLISH_BODY = createBounded<[reason: string]>(
  'FASTSTREAM_ERR_PUBLISH_BODY', 'the body %s', 400
)
export const FASTSTREAM_ERR_PUBLISH_RATE = createBounded<[]>(
  'FASTSTREAM_ERR_PUBLISH_RATE', 'too many messages were published from the page: try again in a second', 429
)
