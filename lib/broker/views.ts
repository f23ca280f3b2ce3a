import { inspect, type InspectOptionsStylized } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type {
  BoundBroker, BrokerHealth, Dependencies, ErrorHandler, MessageSchema, Middleware, Publisher, PublisherOptions,
  ScopeOptions, Subscriber, SubscriberOptions, TopicNames
} from '../../types/index.js'
import type { PublishScopes } from '../middleware/publish-chain.js'
import { noSurplus } from '../options/assert.js'
import { checkMiddleware } from '../options/middlewares.js'
import { FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { inspected } from '../shown.js'
import { hasCases, writeCases, type WrittenCases } from './cases.js'
import {
  declareAt, declarePublisher, declareSubscriber, type Handler, type PublisherDeclaration, type SubscriberDeclaration
} from './declaration.js'
import { functionLast, publishing, topicOf, type NamedTopic, type Produce } from './functions.js'
import { PublisherHandle, SubscriberHandle, type PublisherSource, type SubscriberSource } from './handles.js'
import { layerOf, NO_LAYERS, type Layer, type Position } from './layers.js'
import { LifecycleView, type LivingBroker } from './lifecycle-view.js'
import type { GivenOptions, PublisherPlan } from './publisher.js'

const PUBLISH = 'publish(publisher, value, options)'
const CASES = 'subscriber(topics, { by, cases })'
const SUBSCRIBER = 'subscriber(topics, options, handler)'
const CONSUMES = 'consumes(options, handler)'
const PRODUCING = 'producing(options, function)'

type Consumes = SubscriberOptions<MessageSchema, unknown, Dependencies> & NamedTopic
type Produces = PublisherOptions<MessageSchema, unknown> & NamedTopic

/** The broker behind a view. */
export interface ViewedBroker extends PublisherSource, SubscriberSource, LivingBroker {
  readonly id: string
  addSubscriber (declaration: SubscriberDeclaration): void
  addPublisher (declaration: PublisherDeclaration): void
  /** Gives a scope one more layer of options. */
  addLayer (scope: FastifyInstance, layer: Layer): void
  /** The publisher that a scope knows for a topic; one without a schema where there is none. */
  publisherFor (scope: FastifyInstance, topic: string): PublisherPlan
  /** The middlewares of what is published from a scope. */
  publishScopes (scope: FastifyInstance): PublishScopes
  addMiddleware (scope: FastifyInstance, middleware: Middleware): void
  insertMiddleware (scope: FastifyInstance, middleware: Middleware): void
  setErrorHandler (scope: FastifyInstance, handler: ErrorHandler<FastifyInstance>): void
  health (): BrokerHealth
}

/** Where a request or a message publishes from. */
export interface BoundPlace extends Position {
  /** The middlewares of what is published from there. */
  readonly scopes: PublishScopes
}

/** A broker as one request or message sees it: what it publishes carries that one's correlation id. */
export class BoundView implements BoundBroker {
  readonly #broker: ViewedBroker
  readonly #place: BoundPlace
  readonly #correlationId: () => string
  #onFirstPublish: ((correlationId: string) => void) | undefined

  constructor (
    broker: ViewedBroker, place: BoundPlace, correlationId: () => string,
    onFirstPublish?: (correlationId: string) => void
  ) {
    this.#broker = broker
    this.#place = place
    this.#correlationId = correlationId
    this.#onFirstPublish = onFirstPublish
  }

  get correlationId (): string {
    return this.#correlationId()
  }

  // Async for its errors; up to the queue it runs at once, so that publishes keep the order of their calls.
  publish = (async (
    target: string | Publisher, value: unknown, options?: GivenOptions, ...surplus: unknown[]
  ) => {
    noSurplus(PUBLISH, surplus)
    const correlationId = this.#correlationId()
    const { scopes } = this.#place
    const publisher = publisherOf(this.#broker, this.#place, target)
    const published = publisher.publish(value, options, scopes, correlationId)
    this.#onFirstPublish?.(correlationId)
    this.#onFirstPublish = undefined
    return await published
  }) as BoundBroker['publish']

  toJSON (): object {
    return { name: this.#broker.name, correlationId: this.correlationId }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('BoundBroker', this.toJSON(), depth, options, inspectWith)
  }
}

/** A broker as one scope sees it. */
export class ScopeView extends LifecycleView implements BoundBroker {
  readonly #broker: ViewedBroker
  readonly #scope: FastifyInstance
  readonly #position: Position

  constructor (broker: ViewedBroker, scope: FastifyInstance) {
    super(broker, scope)
    this.#broker = broker
    this.#scope = scope
    this.#position = { scope, layers: NO_LAYERS }
  }

  get name (): string {
    return this.#broker.name
  }

  get id (): string {
    return this.#broker.id
  }

  publish = (async (
    target: string | Publisher, value: unknown, options?: GivenOptions, ...surplus: unknown[]
  ) => {
    noSurplus(PUBLISH, surplus)
    const publisher = publisherOf(this.#broker, this.#position, target)
    return await publisher.publish(value, options, this.#broker.publishScopes(this.#scope))
  }) as BoundBroker['publish']

  health = (): BrokerHealth => {
    return this.#broker.health()
  }

  options = (options: ScopeOptions<Dependencies>, ...surplus: unknown[]): this => {
    noSurplus('options(options)', surplus)
    this.#broker.addLayer(this.#scope, layerOf(options))
    return this
  }

  addMiddleware = (middleware: Middleware, ...surplus: unknown[]): void => {
    noSurplus('addMiddleware(middleware)', surplus)
    this.#broker.addMiddleware(this.#scope, checkMiddleware('middleware', middleware))
  }

  insertMiddleware = (middleware: Middleware, ...surplus: unknown[]): void => {
    noSurplus('insertMiddleware(middleware)', surplus)
    this.#broker.insertMiddleware(this.#scope, checkMiddleware('middleware', middleware))
  }

  setErrorHandler = (handler: ErrorHandler<FastifyInstance>, ...surplus: unknown[]): void => {
    noSurplus('setErrorHandler(handler)', surplus)
    this.#broker.setErrorHandler(this.#scope, handler)
  }

  publisher = (
    topic: string, options: PublisherOptions<MessageSchema, unknown> = {}, ...surplus: unknown[]
  ): Publisher => {
    noSurplus('publisher(topic, options)', surplus)
    const declaration = declarePublisher(this.#scope, topic, options)
    this.#broker.addPublisher(declaration)
    return PublisherHandle.of(declaration, this.#broker)
  }

  subscriber = (
    topics: TopicNames,
    options: SubscriberOptions<MessageSchema, unknown, Dependencies> | WrittenCases | Handler,
    handler?: Handler,
    ...surplus: unknown[]
  ): Subscriber => {
    noSurplus(SUBSCRIBER, surplus)
    if (typeof options === 'function' && handler !== undefined) {
      throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(SUBSCRIBER, 'the handler comes last')
    }
    if (hasCases(options)) return this.#subscriberWithCases(topics, options, handler)
    const [given, handle] = typeof options === 'function' ? [{}, options] : [options, handler as Handler]
    const declaration = declareSubscriber(this.#scope, topics, given, handle)
    this.#broker.addSubscriber(declaration)
    return SubscriberHandle.of(declaration, this.#broker)
  }

  #subscriberWithCases (topics: TopicNames, options: WrittenCases, handler: Handler | undefined): Subscriber {
    if (handler !== undefined) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(CASES, 'each case has a handler of its own')
    const position = { scope: this.#scope, layers: NO_LAYERS }
    const cases = writeCases(topics, options).map((written) => declareAt(position, written))
    for (const declaration of cases) this.#broker.addSubscriber(declaration)
    // Any of them stands for all: they have the same topics and options.
    return SubscriberHandle.of(cases[0]!, this.#broker)
  }

  consumes = (options: Consumes | Handler, handler?: Handler, ...surplus: unknown[]): Subscriber => {
    noSurplus(CONSUMES, surplus)
    const [{ topic, prefix, ...rest }, handle] = functionLast<Consumes, Handler>(CONSUMES, options, handler)
    return this.subscriber(topicOf(handle, { topic, prefix }, 'on'), rest, handle)
  }

  producing = (
    options: Produces | Produce, produce?: Produce, ...surplus: unknown[]
  ): ReturnType<typeof publishing> => {
    noSurplus(PRODUCING, surplus)
    const [{ topic, prefix, ...rest }, made] = functionLast<Produces, Produce>(PRODUCING, options, produce)
    return publishing(made, this.publisher(topicOf(made, { topic, prefix }, 'to'), rest).publish)
  }

  toJSON (): object {
    return { name: this.name }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('Broker', this.toJSON(), depth, options, inspectWith)
  }
}

function publisherOf (broker: ViewedBroker, position: Position, target: unknown): PublisherPlan {
  if (typeof target === 'string') return broker.publisherFor(position.scope, target)
  if (!PublisherHandle.isHandle(target)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('publisher', 'must be a topic, or what publisher() returned')
  }
  const { source, declaration } = PublisherHandle.placeOf(target, position, broker)
  if (source === broker) return broker.publisherOf(declaration)
  const cure = `belongs to broker '${source.name}': publish it through that one`
  throw new FASTSTREAM_ERR_INVALID_OPTION('publisher', cure)
}
