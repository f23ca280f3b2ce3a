import { finished } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { BoundBroker, Dependencies, DependencyContext } from '../../types/index.js'
import { FASTSTREAM_ERR_CLEANUP, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_NO_DEPENDENCIES } from '../errors.js'
import { toError } from '../thrown.js'
import { DeclaredDependency } from './dependency.js'
import { Resolution, type ResolutionSettings } from './resolution.js'
import { depsOf, giveToScope } from './scopes.js'

const kDeclared = Symbol('faststream.deps.declared')
const kValues = Symbol('faststream.deps.values')
const kReply = Symbol('faststream.deps.reply')
const kResolution = Symbol('faststream.deps.resolution')
const kFailure = Symbol('faststream.deps.failure')
/** In the config of a route whose replies pass through `cleanUp`. */
const kCleanedUp = Symbol('faststream.deps.cleanedUp')

type Request = FastifyRequest & {
  /** Of the route. */
  [kDeclared]: ReadonlyMap<string, DeclaredDependency> | null
  [kValues]: Record<string, unknown> | null
  [kReply]: FastifyReply | null
  [kResolution]: Resolution | null
  [kFailure]: { readonly error: unknown } | null
}

const NOTHING = Object.freeze({})

/** What a request has to do with brokers. */
export interface RequestSurroundings {
  settings (request: FastifyRequest): ResolutionSettings
  broker (request: FastifyRequest): BoundBroker & { readonly correlationId: string }
  /** Aborts when the app closes and does not wait any longer. */
  readonly overdue: AbortSignal
}

/** Makes `app.withDeps()`, `request.deps` and `request.resolve()`, and cleans up before a reply leaves. */
export function injectIntoRoutes (app: FastifyInstance, surroundings: RequestSurroundings): void {
  app.decorate('withDeps', function (this: FastifyInstance, deps: Dependencies) {
    giveToScope(this, deps)
    // The same instance under another type.
    return this as never
  })
  for (const own of [kDeclared, kValues, kReply, kResolution, kFailure]) app.decorateRequest(own, null)
  app.decorateRequest('deps', { getter (this: FastifyRequest) { return (this as Request)[kValues] ?? NOTHING } })
  app.decorateRequest('resolve', async function (this: FastifyRequest, dep: unknown) {
    if (!(dep instanceof DeclaredDependency)) throw new FASTSTREAM_ERR_INVALID_OPTION('dependency', 'must be what dependency() returned')
    return await resolutionOf(this as Request, surroundings).resolve(dep)
  } as FastifyRequest['resolve'])

  app.addHook('onRoute', function (route) { prepare(this, route) })
  app.addHook('preHandler', function resolveDeps (request, reply, done) {
    const { [kDeclared]: declared, [kResolution]: resolution } = request as Request
    ;(request as Request)[kReply] = reply
    if (resolution !== null) cleanUpHijacked(request as Request, reply, resolution)
    if (declared === null) return done()
    resolutionOf(request as Request, surroundings).resolveAll(declared).then((values) => {
      (request as Request)[kValues] = values
      done()
    }, (thrown) => { done(toError(thrown)) })
  })
}

/** Each hook is called back, not awaited, and does next to nothing for a route without dependencies. */
function prepare (scope: FastifyInstance, route: RouteOptions): void {
  const deps = depsOf(scope, route.config?.deps)
  // The HEAD route that Fastify makes of a GET route has its hooks.
  if (Object.hasOwn(route.config ?? {}, kCleanedUp)) return
  route.config = { ...route.config, [kCleanedUp]: true } as RouteOptions['config']
  route.onSend = [route.onSend ?? [], cleanUp].flat() as RouteOptions['onSend']
  route.onError = [route.onError ?? [], noteFailure].flat() as RouteOptions['onError']
  if (deps.size === 0) return
  // Hooks of scopes come before those of routes, and those that were added after the plugin shall see what its own has resolved.
  route.onRequest = [function declare (request: FastifyRequest, _: FastifyReply, done: () => void) {
    (request as Request)[kDeclared] = deps
    done()
  }, route.onRequest ?? []].flat() as RouteOptions['onRequest']
}

function resolutionOf (request: Request, surroundings: RequestSurroundings): Resolution {
  let resolution = request[kResolution]
  if (resolution !== null) return resolution
  if (!Object.hasOwn(request.routeOptions.config, kCleanedUp)) throw new FASTSTREAM_ERR_NO_DEPENDENCIES(request.url)
  request[kResolution] = resolution = new Resolution(new RequestContext(request, surroundings), surroundings.settings(request))
  if (request[kReply] !== null) cleanUpHijacked(request, request[kReply], resolution)
  return resolution
}

function noteFailure (request: FastifyRequest, _: FastifyReply, error: unknown, done: () => void): void {
  (request as Request)[kFailure] ??= { error }
  done()
}

/** Before the reply leaves. It comes again for the reply to an error, also to its own. */
function cleanUp<Payload> (request: FastifyRequest, reply: FastifyReply, payload: Payload, done: (error?: Error | null, payload?: Payload) => void): void {
  const { [kResolution]: resolution, [kFailure]: failure } = request as Request
  if (resolution === null || resolution.closed) return done(null, payload)
  if (isStream(payload)) {
    cleanUpAfter(request as Request, reply, resolution, () => true)
    return done(null, payload)
  }
  resolution.close(failure ?? undefined).then(() => done(null, payload), (thrown) => {
    const error = serverError(toError(thrown))
    // Kept by an error handler that sets none.
    reply.code(error.statusCode ?? 500)
    done(error)
  })
}

/** The client did nothing wrong when what it was promised cannot be kept, whatever code the error has. */
function serverError (error: Error & { statusCode?: number }): Error & { statusCode?: number } {
  const { statusCode = 500 } = error
  return statusCode >= 500 ? error : new FASTSTREAM_ERR_CLEANUP(error.message, { cause: error })
}

/** A hijacked reply never comes to `cleanUp`. */
function cleanUpHijacked (request: Request, reply: FastifyReply, resolution: Resolution): void {
  cleanUpAfter(request, reply, resolution, () => reply.sent)
}

/** When the last byte is out or the client is gone, if `isDue` then: a handler that runs on without its client is cleaned up when it has ended. */
function cleanUpAfter (request: Request, reply: FastifyReply, resolution: Resolution, isDue: () => boolean): void {
  finished(reply.raw, (gone) => {
    if (resolution.closed || !isDue()) return
    const failure = request[kFailure] ?? (gone == null ? undefined : { error: gone })
    // It was logged; nothing but the connection is left to tell the client.
    resolution.close(failure).catch(() => { reply.raw.destroy() })
  })
}

function isStream (payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null || Buffer.isBuffer(payload)) return false
  return 'pipe' in payload || 'getReader' in payload || payload instanceof Response
}

class RequestContext implements DependencyContext {
  readonly source: DependencyContext['source']
  readonly #request: FastifyRequest
  readonly #surroundings: RequestSurroundings
  #signal: AbortSignal | undefined

  constructor (request: FastifyRequest, surroundings: RequestSurroundings) {
    this.source = { kind: 'http', request }
    this.#request = request
    this.#surroundings = surroundings
  }

  get log (): DependencyContext['log'] {
    return this.#request.log
  }

  get app (): FastifyInstance {
    return this.#request.server
  }

  get broker (): BoundBroker {
    return this.#surroundings.broker(this.#request)
  }

  get correlationId (): string {
    return this.#surroundings.broker(this.#request).correlationId
  }

  get signal (): AbortSignal {
    if (this.#signal === undefined) {
      const gone = new AbortController()
      this.#request.raw.once('close', () => { gone.abort() })
      this.#signal = AbortSignal.any([gone.signal, this.#surroundings.overdue])
    }
    return this.#signal
  }

  header = (name: string): string | undefined => {
    const value = this.#request.headers[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value
  }
}
