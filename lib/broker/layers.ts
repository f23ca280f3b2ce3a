import type { FastifyInstance, RegisterOptions } from 'fastify'
import type { Dependencies, LayerOptions, ScopeOptions } from '../../types/index.js'
import { declaredDependencies } from '../deps/dependency.js'
import { givenTo, unite, type Deps } from '../deps/scopes.js'
import { onlyKnown } from '../options/assert.js'
import { INHERITED, resolveInherited } from '../options/inherited.js'
import { checkTopicPrefix } from '../options/topic-name.js'
import { ancestors } from '../scope.js'

/* What surrounds subscribers and publishers: scopes and routers, each of which gives them a layer of options. */

/** The options of one scope, router or inclusion of a router: everything in it inherits them. */
export interface Layer extends LayerOptions {
  readonly deps?: Deps | undefined
}

/** Where something is declared or published: in a scope, there maybe in a router. */
export interface Position {
  readonly scope: FastifyInstance
  /** Layers of the routers and their inclusions, the outermost first. */
  readonly layers: readonly Layer[]
}

export const NO_LAYERS: readonly Layer[] = Object.freeze([])

const SCOPE_OPTIONS = [...Object.keys(INHERITED), 'deps']

/** Checks options where they are written. @throws FASTSTREAM_ERR_INVALID_OPTION */
export function layerOf (written: ScopeOptions<Dependencies>): Layer {
  onlyKnown('', written, SCOPE_OPTIONS)
  const layer = { ...written, deps: declaredDependencies('deps', written.deps ?? {}) }
  resolveInherited([layer])
  return Object.freeze(layer)
}

/** The dependencies of all layers; of those with one name the nearest wins. */
export function depsIn (layers: readonly Layer[]): Deps {
  return unite(layers.flatMap(({ deps }) => deps ?? []))
}

const topicPrefixes = new WeakMap<FastifyInstance, string>()

/** Keeps the prefix that `register` got for a new scope. @throws FASTSTREAM_ERR_INVALID_OPTION */
export function keepTopicPrefix (scope: FastifyInstance, { topicPrefix = '' }: RegisterOptions): void {
  topicPrefixes.set(scope, checkTopicPrefix('topicPrefix', topicPrefix))
}

/** The layers of options that one broker has in each scope. */
export class ScopeLayers {
  readonly #layers = new WeakMap<FastifyInstance, Layer[]>()

  add (scope: FastifyInstance, layer: Layer): void {
    this.#layers.set(scope, [...this.#layers.get(scope) ?? [], layer])
  }

  insert (scope: FastifyInstance, layer: Layer): void {
    this.#layers.set(scope, [layer, ...this.#layers.get(scope) ?? []])
  }

  /** All layers around a position, the outermost first: those of the scopes, then those of the routers. */
  around ({ scope, layers }: Position): readonly Layer[] {
    const scopes = [...ancestors(scope)].reverse()
    const ofScopes = scopes.flatMap((at) => [
      { topicPrefix: topicPrefixes.get(at), deps: givenTo(at) }, ...this.#layers.get(at) ?? []
    ])
    return [...ofScopes, ...layers]
  }
}

/** The scopes and layers on the way to a position, the outermost first. */
export function wayTo ({ scope, layers }: Position): readonly object[] {
  return [...[...ancestors(scope)].reverse(), ...layers]
}

/** How Fastify calls the plugin of a scope, without the plugins that have no scope of their own. */
export function nameOf ({ pluginName }: FastifyInstance): string {
  const [name = ''] = pluginName.split(' -> ')
  return name
}
