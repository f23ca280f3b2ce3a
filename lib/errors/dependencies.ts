import { createBounded } from '../create-bounded.js'

/* Dependencies of requests and messages. */

export const FASTSTREAM_ERR_DEPENDENCY_YIELD = createBounded<[name: string, times: string]>(
  'FASTSTREAM_ERR_DEPENDENCY_YIELD',
  "the generator of dependency '%s' yielded %s: it must yield once; the code after the yield is its clean-up",
  500
)
export const FASTSTREAM_ERR_DEPENDENCY_DONE = createBounded<[name: string]>(
  'FASTSTREAM_ERR_DEPENDENCY_DONE',
  "dependency '%s' is needed after its request or message has ended: await everything that the handler starts",
  500
)
export const FASTSTREAM_ERR_NO_DEPENDENCIES = createBounded<[url: string]>(
  'FASTSTREAM_ERR_NO_DEPENDENCIES',
  "request.resolve() is not available in '%s': register fastify-faststream before this route and its hooks, in the " +
    'same scope or a parent; a 404 handler has no dependencies',
  500
)
export const FASTSTREAM_ERR_CLEANUP = createBounded<[options?: ErrorOptions]>(
  'FASTSTREAM_ERR_CLEANUP', 'the clean-up of a dependency failed: the cause of this error, in the log, says why', 500
)
export const FASTSTREAM_ERR_CLEANUP_TIMEOUT = createBounded<[name: string, ms: number]>(
  'FASTSTREAM_ERR_CLEANUP_TIMEOUT',
  "the clean-up of dependency '%s' did not end within %d ms and was left running: find out what it waits for, or " +
    "raise 'cleanupTimeout'",
  500
)
