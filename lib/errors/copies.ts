import createError from '@fastify/error'

export const FASTSTREAM_ERR_COPIES = createError<[]>(
  'FASTSTREAM_ERR_COPIES',
  'the app registers another copy of fastify-faststream than the command that looks at it, and would join its ' +
    "groups: run the command of the app's own copy, as 'npx faststream' in the folder of the app",
  500
)
