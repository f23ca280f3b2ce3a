import { isDeepStrictEqual } from 'node:util'
import type { Dependencies, IncludeOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_ROUTER } from '../errors.js'
import { onlyKnown } from '../options/assert.js'
import { OF_SUBSCRIBERS } from '../options/inherited.js'
import { checkTopicPrefix } from '../options/topic-name.js'
import { layerOf, type Layer } from './layers.js'

export const INCLUDE_OPTIONS = ['prefix', 'deps', ...OF_SUBSCRIBERS]

/** Checks the options of a router or of its inclusion. @throws FASTSTREAM_ERR_INVALID_OPTION */
export function layerOfRouter (written: IncludeOptions<Dependencies>): Layer {
  onlyKnown('', written, INCLUDE_OPTIONS)
  const { prefix = '', ...options } = written
  return layerOf({ ...options, topicPrefix: checkTopicPrefix('prefix', prefix) })
}

/** Routers that a scope or a router includes, each of them once. */
export class Inclusions<Router extends object> {
  readonly #layers = new Map<Router, Layer>()

  get routers (): readonly Router[] {
    return [...this.#layers.keys()]
  }

  /**
   * The layer of a new inclusion; undefined when the router is included already.
   *
   * @throws FASTSTREAM_ERR_ROUTER when it is included with other options
   */
  add (router: Router, overrides: IncludeOptions<Dependencies>): Layer | undefined {
    const layer = layerOfRouter(overrides)
    const known = this.#layers.get(router)
    if (known === undefined) {
      this.#layers.set(router, layer)
      return layer
    }
    if (isDeepStrictEqual(known, layer)) return undefined
    const cure = 'give both calls the same options, or include it in a scope or a router of its own'
    throw new FASTSTREAM_ERR_ROUTER(`it is included here already, with other options: ${cure}`)
  }
}
