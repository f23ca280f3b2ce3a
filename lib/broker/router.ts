import { inspect } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type {
  AnyKafkaRouter, Dependencies, IncludeOptions, KafkaRouterConstructor, MessageSchema, Middleware, Publisher,
  PublisherOptions, RouterOptions, Subscriber, TopicNames
} from '../../types/index.js'
import { FASTSTREAM_ERR_ROUTER } from '../errors.js'
import { list, noSurplus, onlyKnown } from '../options/assert.js'
import { checkMiddleware } from '../options/middlewares.js'
import { inspected, type InspectStyle } from '../shown.js'
import { writtenBy, type SubscriberArguments } from './cases.js'
import {
  declareAt, writePublisher, writeSubscriber, type GivenSubscriber, type Handler, type WrittenSubscriber
} from './declaration.js'
import { PublisherHandle, type PublisherPlaces, type SubscriberPlaces } from './handles.js'
import { INCLUDE_OPTIONS, Inclusions, layerOfRouter } from './inclusions.js'
import type { Layer } from './layers.js'
import { Places } from './places.js'
import { writtenIn } from './route.js'
import { SubscriberHandle } from './subscriber-handle.js'
import type { ViewedBroker } from './views.js'

const ROUTER_OPTIONS = [...INCLUDE_OPTIONS, 'handlers', 'routers']

/** Scope of a broker, for what is declared in it. */
export interface Host {
  readonly scope: FastifyInstance
  readonly broker: ViewedBroker
}

/** Declares one subscriber or publisher; `layers` are around it, the outermost first. */
type Entry = (host: Host, layers: readonly Layer[]) => void
/** Called for each entry of an included router, also for those that are added later. */
type Includer = (entry: Entry) => void

/** Subscribers and publishers without an app. They are declared in each scope that includes the router. */
export class Router implements AnyKafkaRouter {
  readonly prefix: string
  readonly #layer: Layer
  /** Those of its layer. */
  readonly #middlewares: Middleware[]
  readonly #entries: Entry[] = []
  readonly #includers = new Set<Includer>()
  readonly #inclusions = new Inclusions<Router>()

  constructor (options: RouterOptions<Dependencies> = {}, ...surplus: unknown[]) {
    noSurplus('new KafkaRouter(options)', surplus)
    onlyKnown('', options, ROUTER_OPTIONS)
    const { handlers = [], routers = [], ...shared } = options
    const layer = layerOfRouter(shared)
    this.#middlewares = [...layer.middlewares ?? []]
    this.#layer = Object.freeze({ ...layer, middlewares: this.#middlewares })
    this.prefix = shared.prefix ?? ''
    list('handlers', handlers)
    list('routers', routers)
    for (const route of handlers) this.#subscriber(writtenIn(route))
    for (const router of routers) this.includeRouter(router)
  }

  /** @throws FASTSTREAM_ERR_ROUTER */
  static of (value: unknown): Router {
    if (typeof value === 'object' && value !== null && #entries in value) return value
    throw new FASTSTREAM_ERR_ROUTER('it must be a KafkaRouter of the copy of fastify-faststream that the app uses')
  }

  /** Declares everything of a router in a scope, until its broker is closed. */
  static declareIn (host: Host, router: Router, layer: Layer): void {
    const include: Includer = (entry) => { entry(host, [layer]) }
    router.#include(include)
    host.broker.whenClosed(() => { router.#includers.delete(include) })
  }

  subscriber = (...args: SubscriberArguments): SubscriberHandle => {
    return this.#subscriber(...writtenBy(args))
  }

  route = (
    topics: TopicNames, handler: Handler, options: GivenSubscriber = {},
    ...surplus: unknown[]
  ): Subscriber => {
    noSurplus('route(topics, handler, options)', surplus)
    return this.#subscriber(writeSubscriber(topics, options, handler))
  }

  publisher = (
    topic: string, options: PublisherOptions<MessageSchema, unknown> = {}, ...surplus: unknown[]
  ): Publisher => {
    noSurplus('publisher(topic, options)', surplus)
    const written = writePublisher(topic, options)
    const places: PublisherPlaces = new Places(topic)
    this.#add(({ scope, broker }, layers) => {
      const declaration = declareAt({ scope, layers }, written)
      broker.addPublisher(declaration)
      broker.whenClosed(places.add({ declaration, source: broker }))
    })
    return new PublisherHandle(written, places)
  }

  includeRouter = (
    router: AnyKafkaRouter, overrides: IncludeOptions<Dependencies> = {}, ...surplus: unknown[]
  ): void => {
    noSurplus('includeRouter(router, overrides)', surplus)
    const included = Router.of(router)
    if (included.#includes(this)) throw new FASTSTREAM_ERR_ROUTER('it is the router that includes it, or includes that')
    const layer = this.#inclusions.add(included, overrides)
    if (layer === undefined) return
    included.#include((entry) => {
      this.#add((host, layers) => { entry(host, [...layers, layer]) })
    })
  }

  addMiddleware = (middleware: Middleware, ...surplus: unknown[]): void => {
    noSurplus('addMiddleware(middleware)', surplus)
    this.#middlewares.push(this.#checked(middleware))
  }

  insertMiddleware = (middleware: Middleware, ...surplus: unknown[]): void => {
    noSurplus('insertMiddleware(middleware)', surplus)
    this.#middlewares.unshift(this.#checked(middleware))
  }

  withTypeProvider = (): this => {
    return this
  }

  toJSON (): object {
    return { prefix: this.prefix }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('KafkaRouter', this.toJSON(), depth, options, inspectWith)
  }

  /** The first one stands for all: `others` are further cases of it. */
  #subscriber (written: WrittenSubscriber, ...others: readonly WrittenSubscriber[]): SubscriberHandle {
    const places: SubscriberPlaces = new Places(written.topics.join(', '))
    this.#add(({ scope, broker }, layers) => {
      const declaration = declareAt({ scope, layers }, written)
      broker.addSubscriber(declaration)
      for (const other of others) broker.addSubscriber(declareAt({ scope, layers }, other))
      broker.whenClosed(places.add({ declaration, source: broker }))
    })
    return new SubscriberHandle(written, places)
  }

  /** Refuses a middleware that comes too late for an app that includes the router. */
  #checked (middleware: Middleware): Middleware {
    const check: Entry = ({ broker }) => { broker.onlyWhileLoading('a middleware', `a router ('${this.prefix}')`) }
    for (const include of this.#includers) include(check)
    return checkMiddleware('middleware', middleware)
  }

  #add (entry: Entry): void {
    const own: Entry = (host, layers) => { entry(host, [...layers, this.#layer]) }
    this.#entries.push(own)
    for (const include of this.#includers) include(own)
  }

  #include (include: Includer): void {
    for (const entry of this.#entries) include(entry)
    this.#includers.add(include)
  }

  /** True for the router itself, too. */
  #includes (router: Router): boolean {
    return router === this || this.#inclusions.routers.some((included) => included.#includes(router))
  }
}

/**
 * Groups subscribers and publishers without an app: they share options and a prefix of their topics.
 * `app.broker.includeRouter(router)` declares them in a scope. A router can be included in several apps. FastStream:
 * `KafkaRouter`.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
 * @throws FASTSTREAM_ERR_ROUTER for a member of `routers` that is no router
 * @example
 * const router = new KafkaRouter({ prefix: 'eu.', retry: { retries: 1 } }).withTypeProvider<TypeBoxTypeProvider>()
 * const invoices = router.publisher('invoices', { schema: { value: InvoiceSchema } })
 * router.subscriber('orders', { schema: { value: OrderSchema }, publish: invoices }, makeInvoice)
 * app.broker.includeRouter(router)
 */
export const KafkaRouter = Router as KafkaRouterConstructor
