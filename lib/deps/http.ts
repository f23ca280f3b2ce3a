import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Dependencies } from '../../types/index.js'
import { noSurplus } from '../options/assert.js'
import { FASTSTREAM_ERR_CLEANUP, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_NO_DEPENDENCIES } from '../errors.js'
import { kOwnRoute } from '../symbols.js'
import { toError } from '../to-error.js'
import { DeclaredDependency } from './dependency.js'
import type { RequestSurroundings } from './request-context.js'
import { RequestDeps } from './request-deps.js'
import { depsOf, giveToScope } from './scopes.js'

const kDeps = Symbol('faststream.deps')
/** Mark in the config of a route whose replies pass through `cleanUp`. */
const kCleanedUp = Symbol('faststream.deps.cleanedUp')

type Request = FastifyRequest & { [kDeps]: RequestDeps | null }

const NOTHING = Object.freeze({})
const NO_DEPS: ReturnType<typeof depsOf> = new Map()

/** Makes `app.withDeps()`, `request.deps` and `request.resolve()`, and cleans up before a reply leaves. */
export function injectIntoRoutes (app: FastifyInstance, surroundings: RequestSurroundings): void {
  app.decorate('withDeps', function (this: FastifyInstance, deps: Dependencies) {
    noSurplus('withDeps(deps)', arguments, 1)
    giveToScope(this, deps)
    // The same instance under another type.
    return this as never
  })
  app.decorateRequest(kDeps, null)
  app.decorateRequest('deps', { getter (this: FastifyRequest) { return depsIn(this)?.values ?? NOTHING } })
  // A getter, so that the function can be taken out of the request.
  app.decorateRequest('resolve', {
    getter (this: FastifyRequest) { return ((dep) => resolveFor(this, dep)) as FastifyRequest['resolve'] }
  })

  // Each hook is called back, not awaited, and does next to nothing for a route without dependencies.
  app.addHook('onRoute', function (route) { prepare(this, route) })
  app.addHook('onRequest', function begin (request, reply, done) {
    (request as Request)[kDeps] = new RequestDeps(request, reply, surroundings)
    done()
  })
  app.addHook('preHandler', function resolveDeclared (request, _, done) {
    const deps = depsIn(request)
    if (deps?.declared === undefined) return done()
    const { resolution } = deps
    const made = resolution.resolveAll(deps.declared)
    if (!(made instanceof Promise)) {
      deps.values = made
      return done()
    }
    made.then((values) => {
      // The reply went ahead: that to a `handlerTimeout` does.
      if (resolution.closed) return
      deps.values = values
      done()
    }, (thrown) => { done(toError(thrown)) })
  })
  // First of all such hooks: where one fails, the others do not come.
  app.addHook('onError', function noteFailure (request, _, error, done) {
    depsIn(request)?.failed(error)
    done()
  })
  app.addHook('onSend', function notePayload (request, reply, payload, done) {
    depsIn(request)?.sends(payload)
    // After `reply.callNotFound()` the hooks of the route do not come.
    return request.is404 ? cleanUp(request, reply, payload, done) : done()
  })
}

async function resolveFor (request: FastifyRequest, dep: unknown): Promise<unknown> {
  if (!(dep instanceof DeclaredDependency)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('dependency', 'must be what dependency() returned')
  }
  const deps = depsIn(request)
  const isKnown = Object.hasOwn(request.routeOptions.config, kCleanedUp)
  if (deps === null || !isKnown) throw new FASTSTREAM_ERR_NO_DEPENDENCIES(request.url)
  return await deps.resolution.resolve(dep)
}

/** Prepares a route. A second call, for a route that another plugin copies, does no harm. */
function prepare (scope: FastifyInstance, route: RouteOptions): void {
  const declared = Object.hasOwn(route.config ?? {}, kOwnRoute) ? NO_DEPS : depsOf(scope, route.config?.deps)
  const { handler } = route
  route.config = { ...route.config, [kCleanedUp]: true } as RouteOptions['config']
  route.handler = function (request, reply) {
    const returned = handler.call(this, request, reply)
    depsIn(request)?.handled(returned)
    return returned
  }
  route.onSend = [route.onSend ?? [], cleanUp].flat() as RouteOptions['onSend']
  if (declared.size === 0) return
  // Hooks of scopes run before those of routes. Hooks that were added after the plugin must see the values that the
  // plugin's own hook has resolved.
  route.onRequest = [function declare (request: FastifyRequest, _: FastifyReply, done: () => void) {
    (depsIn(request) as RequestDeps).declared = declared
    done()
  }, route.onRequest ?? []].flat() as RouteOptions['onRequest']
}

/** Aborts when the client is gone; undefined outside a route that the plugin knows, such as in a 404 handler. */
export function signalOf (request: FastifyRequest): AbortSignal | undefined {
  return depsIn(request)?.signal
}

/** Null until the plugin's `onRequest`, which does not come when an older hook replies. */
function depsIn (request: FastifyRequest): RequestDeps | null {
  return (request as Request)[kDeps]
}

/**
 * Cleans up before the reply leaves. Returns a promise only where there is something to wait for: an error that Fastify
 * throws at a reply that it cannot send must not be lost.
 */
function cleanUp (request: FastifyRequest, reply: FastifyReply, _: unknown, done: () => void): Promise<void> | void {
  const ended = depsIn(request)?.cleanUp()
  if (ended === undefined) return done()
  return ended.catch((thrown) => {
    const error = serverError(toError(thrown))
    // Kept by an error handler that sets none.
    reply.code(error.statusCode ?? 500)
    throw error
  })
}

/** The client did nothing wrong when what it was promised cannot be kept, whatever code the error has. */
function serverError (error: Error & { statusCode?: number, status?: number }): Error & { statusCode?: number } {
  const { status, statusCode = status ?? 500 } = error
  return statusCode >= 500 && statusCode <= 599 ? error : new FASTSTREAM_ERR_CLEANUP({ cause: error })
}
