import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { NamedBrokers } from '../../types/index.js'
import { injectIntoRoutes, signalOf } from '../deps/http.js'
import { isEnabled, steady, type Log } from '../log.js'
import { kBrokers, kRequestBrokers } from '../symbols.js'
import { BoundView } from './bound-view.js'
import type { Broker } from './broker.js'
import { NO_LAYERS } from './layers.js'
import { acceptCorrelationId } from '../message/correlation-id.js'
import { ScopeView } from './views.js'

type Named = ReadonlyMap<string, Broker>
type NamedViews<V> = { readonly [N in keyof NamedBrokers]: V }
type Scope = FastifyInstance & { [kBrokers]: Map<string, Broker> }
type Request = FastifyRequest & { [kRequestBrokers]: RequestBrokers | null }

/** Makes `app.broker`, `app.brokers`, `request.broker` and `request.brokers` of this scope and its children. */
export function decorate (app: FastifyInstance, broker: Broker): void {
  const brokers = brokersIn(app)
  if (Object.hasOwn(app, kBrokers)) brokers.set(broker.name, broker)
  else app.decorate(kBrokers, new Map(brokers).set(broker.name, broker))

  if (!app.hasRequestDecorator(kRequestBrokers)) {
    app.decorate('brokers', {
      getter (this: FastifyInstance) {
        return named(brokersIn(this), (broker) => scopeView(broker, this))
      }
    })
    app.decorateRequest(kRequestBrokers, null)
    injectIntoRoutes(app, {
      settings: ({ server }) => mainBroker(server).resolutionSettings(server),
      broker: (request) => boundView(request, mainBroker(request.server)),
      overdue: broker.overdue
    })
    app.decorateRequest('brokers', {
      getter (this: FastifyRequest) {
        return named(brokersIn(this.server), (broker) => boundView(this, broker))
      }
    })
  }
  if (broker.name !== 'default') return
  app.decorate('broker', { getter (this: FastifyInstance) { return scopeView(broker, this) } })
  app.decorateRequest('broker', { getter (this: FastifyRequest) { return boundView(this, broker) } })
}

/** The brokers of a scope, its parents' included. */
function brokersIn (scope: FastifyInstance): Map<string, Broker> {
  return (scope as Scope)[kBrokers]
}

/** The one that is meant where none is named. */
function mainBroker (scope: FastifyInstance): Broker {
  const brokers = brokersIn(scope)
  const [first] = brokers.values()
  return brokers.get('default') ?? first as Broker
}

const scopeViews = new WeakMap<Broker, WeakMap<FastifyInstance, ScopeView>>()

/** One view per broker and scope. Made when asked for: `onRegister` misses scopes that are older than the plugin. */
function scopeView (broker: Broker, scope: FastifyInstance): FastifyInstance['broker'] {
  let views = scopeViews.get(broker)
  if (views === undefined) scopeViews.set(broker, views = new WeakMap())
  let view = views.get(scope)
  if (view === undefined) views.set(scope, view = new ScopeView(broker, scope))
  return view as FastifyInstance['broker']
}

/** The brokers bound to one request, which share its correlation id. */
class RequestBrokers {
  readonly #request: FastifyRequest
  readonly #views = new Map<Broker, BoundView>()
  #uuid: string | undefined

  constructor (request: FastifyRequest) {
    this.#request = request
  }

  view (broker: Broker): BoundView {
    let view = this.#views.get(broker)
    if (view === undefined) {
      const request = this.#request
      const { server: scope, log } = request
      const tell = isEnabled(log, 'debug') ? joiningLine(log, broker) : undefined
      const place = { scope, layers: NO_LAYERS, scopes: broker.publishScopes(scope) }
      const origin = { correlationId: this.#correlationIdFor(broker), signal: () => signalOf(request) }
      view = new BoundView(broker, place, origin, tell)
      this.#views.set(broker, view)
    }
    return view
  }

  #correlationIdFor (broker: Broker): () => string {
    const { correlationId } = broker.settings
    if (correlationId === undefined) return () => { return (this.#uuid ??= randomUUID()) }
    let id: string | undefined
    return () => { return (id ??= acceptCorrelationId(correlationId(this.#request), randomUUID, this.#request.log)) }
  }
}

/** The line that joins the log of a request with the messages that it publishes. */
function joiningLine (log: Log, { name: broker }: Broker): (correlationId: string) => void {
  return (correlationId) => { steady(log).debug({ broker, correlationId }, 'request publishes') }
}

function boundView (request: FastifyRequest, broker: Broker): BoundView {
  const held = request as Request
  held[kRequestBrokers] ??= new RequestBrokers(request)
  return held[kRequestBrokers].view(broker)
}

function named<V> (brokers: Named, view: (broker: Broker) => V): NamedViews<V> {
  return Object.fromEntries([...brokers].map(([name, broker]) => [name, view(broker)])) as NamedViews<V>
}
