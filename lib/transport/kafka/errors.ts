import createError from '@fastify/error'

/* Codes of the Kafka client. They belong into the catalogue, lib/errors.ts, and the README's table. */

export const FASTSTREAM_ERR_API_VERSION = createError<[api: string, address: string, theirs: string, ours: string]>(
  'FASTSTREAM_ERR_API_VERSION',
  'the %s request has no version that both sides know: the broker at %s takes %s, this client sends %s; ' +
    "use a Kafka release that supports one of these versions, or another 'transport'",
  503
)
export const FASTSTREAM_ERR_FENCED = createError<[groupInstanceId: string, groupId: string]>(
  'FASTSTREAM_ERR_FENCED',
  "another consumer joined with the groupInstanceId '%s' in group '%s': give each running process an id of its own",
  503
)
export const FASTSTREAM_ERR_CODEC = createError<[codec: string, cure: string]>(
  'FASTSTREAM_ERR_CODEC',
  'a batch is compressed with %s, which cannot be read here: %s, then restart the app',
  500
)
