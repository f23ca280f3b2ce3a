import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

/**
 * Checks a time-out of ours that must end before Fastify's own of the hook, ms.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function hookTimeout (option: string, given: number | undefined, pluginTimeout: number): number {
  const value = given ?? defaultTimeout(pluginTimeout)
  if (pluginTimeout !== 0 && value >= pluginTimeout) {
    const cure = `must be below Fastify's pluginTimeout of ${pluginTimeout} ms: raise that, too`
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  return value
}

function defaultTimeout (pluginTimeout: number): number {
  return pluginTimeout === 0 ? 9000 : Math.max(1, pluginTimeout - 1000, pluginTimeout * 0.9)
}
