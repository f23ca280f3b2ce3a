import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify'
import { kOwnRoute } from './symbols.js'

/**
 * Options of the plugin's own routes. They take no dependencies, and @fastify/swagger hides them: they are no part of
 * the app's own interface.
 */
export const OWN_ROUTE = Object.freeze({
  schema: { hide: true } as FastifySchema, config: { [kOwnRoute]: true } as FastifyContextConfig
})

/** Yields a scope and the scopes around it, nearest first. Fastify gives each scope its parent as prototype. */
export function * ancestors (scope: FastifyInstance): Generator<FastifyInstance> {
  for (let at: object | null = scope; isScope(at); at = Object.getPrototypeOf(at)) yield at
}

/** The instance that `Fastify()` made for this scope. */
export function rootOf (scope: FastifyInstance): FastifyInstance {
  let root = scope
  for (const ancestor of ancestors(scope)) root = ancestor
  return root
}

/** Keeps one state per app, shared by all of its scopes, for as long as the app is referenced. */
export function perApp<State> (create: (root: FastifyInstance) => State): (scope: FastifyInstance) => State {
  const states = new WeakMap<FastifyInstance, State>()
  return function stateOf (scope) {
    const root = rootOf(scope)
    const known = states.get(root)
    if (known !== undefined) return known
    const created = create(root)
    states.set(root, created)
    return created
  }
}

/**
 * Adds an `onReady` hook to a scope.
 *
 * @throws AVV_ERR_ROOT_PLG_BOOTED when the hooks of the app run already: one that is added then would never run
 */
export function addReadyHook (scope: FastifyInstance, run: () => Promise<void>): void {
  scope.after(() => {})
  // A hook without parameters is awaited; its name stands in Fastify's error when it times out.
  scope.addHook('onReady', async function onStarted () { await run() })
}

function isScope (value: object | null): value is FastifyInstance {
  return value !== null && 'ready' in value
}
