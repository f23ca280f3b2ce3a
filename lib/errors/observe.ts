import createError from '@fastify/error'

/* Routes and calls that look at the broker. */

export const FASTSTREAM_ERR_HEALTH_FORBIDDEN = createError<[]>(
  'FASTSTREAM_ERR_HEALTH_FORBIDDEN', "the details of the health are not shown: 'health.authorize' did not allow it", 403
)
export const FASTSTREAM_ERR_EXPLAIN = createError<[]>(
  'FASTSTREAM_ERR_EXPLAIN', "no message is remembered: give the plugin the option 'explain: true'", 500
)
