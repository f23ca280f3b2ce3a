import { inspect } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type {
  AnyKafkaRouter, BatchEntry, BoundBroker, Dependencies, ErrorHandler, IncludeOptions, MessageSchema,
  Middleware, Publisher, PublisherOptions, RecordMetadata, ScopeOptions, Subscriber
} from '../../types/index.js'
import { checkBatch } from '../message/publish-options.js'
import type { PublishScopes } from '../middleware/publish-chain.js'
import { noSurplus } from '../options/assert.js'
import { checkMiddleware } from '../options/middlewares.js'
import type { GivenOptions as GivenRequest } from '../request/request-options.js'
import { inspected, type InspectStyle } from '../shown.js'
import { declarationsOf, dynamicDeclarationsOf, type OneOrMore, type SubscriberArguments } from './cases.js'
import {
  declarePublisher, type GivenSubscriber, type Handler, type PublisherDeclaration, type SubscriberDeclaration
} from './declaration.js'
import { functionLast, publishing, topicOf, type NamedTopic, type Produce } from './functions.js'
import { PublisherHandle, type PublisherSource, type SubscriberSource } from './handles.js'
import { Inclusions } from './inclusions.js'
import { layerOf, nameOf, NO_LAYERS, type Layer, type Position } from './layers.js'
import { ObservedView, type ObservedBroker } from './observed-view.js'
import type { GivenOptions, PublisherPlan } from './publisher.js'
import { Router } from './router.js'
import { SubscriberHandle } from './subscriber-handle.js'
import { callOf, PUBLISH, PUBLISH_BATCH, publisherOf, REQUEST } from './targets.js'

const CONSUMES = 'consumes(options, handler)'
const PRODUCING = 'producing(options, function)'

type Consumes = GivenSubscriber & NamedTopic
type Produces = PublisherOptions<MessageSchema, unknown> & NamedTopic

/** The broker behind a view. */
export interface ViewedBroker extends PublisherSource, SubscriberSource, ObservedBroker {
  readonly id: string
  /** False once the app is ready. */
  readonly loading: boolean
  addSubscriber (declaration: SubscriberDeclaration): void
  /** Declares a subscriber once the app is ready; `all` are its cases, if it has several. */
  addDynamic (all: OneOrMore<SubscriberDeclaration>): void
  addPublisher (declaration: PublisherDeclaration): void
  /** Gives a scope one more layer of options. */
  addLayer (scope: FastifyInstance, layer: Layer): void
  /** @throws FASTSTREAM_ERR_ALREADY_STARTED once the app is ready */
  onlyWhileLoading (what: string, name: string): void
  /** Calls back once, when the broker is closed. */
  whenClosed (release: () => void): void
  /** The publisher that a scope knows for a topic; one without a schema where there is none. */
  publisherFor (scope: FastifyInstance, topic: string): PublisherPlan
  /** The middlewares of what is published from a scope. */
  publishScopes (scope: FastifyInstance): PublishScopes
  addMiddleware (scope: FastifyInstance, middleware: Middleware): void
  insertMiddleware (scope: FastifyInstance, middleware: Middleware): void
  setErrorHandler (scope: FastifyInstance, handler: ErrorHandler<FastifyInstance>): void
}

/** A broker as one scope sees it. */
export class ScopeView extends ObservedView implements BoundBroker {
  readonly #broker: ViewedBroker
  readonly #scope: FastifyInstance
  readonly #position: Position
  readonly #inclusions = new Inclusions<Router>()

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

  publishBatch = async (
    target: string | Publisher, messages: readonly BatchEntry[], ...surplus: unknown[]
  ): Promise<readonly RecordMetadata[]> => {
    noSurplus(PUBLISH_BATCH, surplus)
    checkBatch(messages)
    const publisher = publisherOf(this.#broker, this.#position, target)
    return await publisher.publishBatch(messages, this.#broker.publishScopes(this.#scope))
  }

  request = (async (target: string | Publisher, value: unknown, options?: GivenRequest, ...surplus: unknown[]) => {
    noSurplus(REQUEST, surplus)
    return await this.#broker.requests.request(callOf(this.#broker, this.#position, target, value), options)
  }) as BoundBroker['request']

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
    return PublisherHandle.declared(declaration, this.#broker)
  }

  subscriber = (...args: SubscriberArguments): SubscriberHandle => {
    const broker = this.#broker
    const all = broker.loading ? declarationsOf(args, this.#position) : dynamicDeclarationsOf(args, this.#position)
    if (broker.loading) for (const declaration of all) broker.addSubscriber(declaration)
    else broker.addDynamic(all)
    return SubscriberHandle.declared(all[0], broker)
  }

  includeRouter = (
    router: AnyKafkaRouter, overrides: IncludeOptions<Dependencies> = {}, ...surplus: unknown[]
  ): void => {
    noSurplus('includeRouter(router, overrides)', surplus)
    this.#broker.onlyWhileLoading('includeRouter', nameOf(this.#scope))
    const included = Router.of(router)
    const layer = this.#inclusions.add(included, overrides)
    if (layer !== undefined) Router.declareIn({ scope: this.#scope, broker: this.#broker }, included, layer)
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

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('Broker', this.toJSON(), depth, options, inspectWith)
  }
}
