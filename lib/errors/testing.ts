import createError from '@fastify/error'

/* Tests. */

export const FASTSTREAM_ERR_TEST_BROKER = createError<[reason: string]>('FASTSTREAM_ERR_TEST_BROKER', '%s', 500)
export const FASTSTREAM_ERR_ASSERTION = createError<[failure: string]>('FASTSTREAM_ERR_ASSERTION', '%s', 500)
export const FASTSTREAM_ERR_NOT_SETTLED = createError<[ms: number, what: string]>(
  'FASTSTREAM_ERR_NOT_SETTLED',
  "still not settled after %d ms: %s (raise 'timeout' if that is too short, or look for a handler that never ends)",
  500
)
export const FASTSTREAM_ERR_LOCAL_KAFKA = createError<[reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_LOCAL_KAFKA', 'there is no local Kafka: %s', 500
)
