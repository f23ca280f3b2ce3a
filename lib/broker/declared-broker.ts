import type { FastifyInstance } from 'fastify'
import type {
  BrokerHealth, BrokerPressure, ErrorHandler, MessageStory, Middleware, RecordMetadata
} from '../../types/index.js'
import type { Clock } from '../clock.js'
import { FASTSTREAM_ERR_ALREADY_STARTED, FASTSTREAM_ERR_NOT_READY } from '../errors.js'
import { steady, type Log } from '../log.js'
import type { Outgoing, PublishingSender, Sending } from '../message/outgoing.js'
import { clusterNamed, requireWritten } from '../options/clusters.js'
import type { PublishChains, PublishScopes } from '../middleware/publish-chain.js'
import type { Settings } from '../options/plugin-options.js'
import type { Transport } from '../transport/transport.js'
import { DeadLetters } from '../dead-letters/dead-letters.js'
import type { ReplyReader, ReplyTaker } from '../request/reply-reader.js'
import { Requests } from '../request/requests.js'
import type { Compiled } from './compile.js'
import { deadLetterMeans } from './dead-letter-means.js'
import type { PublisherDeclaration, SubscriberDeclaration } from './declaration.js'
import { SYSTEM, type Environment } from './environment.js'
import { nameOf, type Layer } from './layers.js'
import { DynamicSubscribers } from './dynamic-subscribers.js'
import type { OneOrMore } from './cases.js'
import type { PublisherSettings, SubscriberSettings } from './plan.js'
import { plainPublisher, type PublisherPlan } from './publisher.js'
import { Registry } from './registry.js'
import type { BrokerRuntime } from './runtime.js'
import { ScopeErrorHandlers } from './scope-error-handlers.js'
import type { CompiledSubscriber } from './subscriber.js'

/** Declarations for one cluster, made while plugins load, and the broker that runs them when the app is ready. */
export abstract class DeclaredBroker implements PublishingSender {
  settings: Settings
  readonly log: Log
  /** Rate at which messages are started, for `pressure()`. */
  rate: BrokerPressure['subscribers'] = 'running'
  /** Memory of an observer, for `explain()`. */
  stories: { of (place: RecordMetadata): MessageStory | undefined } | undefined
  readonly registry: Registry
  readonly dynamic: DynamicSubscribers
  readonly errorHandlers = new ScopeErrorHandlers()
  readonly deadLetters = new DeadLetters(() => deadLetterMeans(this))
  readonly #publishScopes = new WeakMap<FastifyInstance, PublishScopes>()
  readonly requests: Requests
  #state: BrokerHealth['state'] = 'starting'
  protected started = false
  protected environment: Environment = SYSTEM
  protected compiled: Compiled | undefined
  readonly #releases: Array<() => void> = []

  /** `scope`: of the plugin. */
  constructor (settings: Settings, scope: FastifyInstance) {
    this.settings = settings
    this.log = steady(scope.log)
    this.registry = new Registry(settings, scope)
    this.dynamic = new DynamicSubscribers({
      registry: this.registry,
      runtime: () => this.runtime,
      isEnding: () => this.isEnding,
      compile: (declaration) => this.compileDynamic(this.registry.resolveDynamic(declaration))
    })
    this.requests = new Requests(this, this.log)
  }

  protected get state (): BrokerHealth['state'] {
    return this.#state
  }

  protected set state (state: BrokerHealth['state']) {
    this.#state = state
    this.requests.become(state)
  }

  /** The chains of publishers without middlewares. */
  abstract readonly chains: PublishChains
  abstract get clock (): Clock
  /** @throws FASTSTREAM_ERR_NOT_READY while there is no cluster */
  abstract get transport (): Transport
  abstract send (outgoing: Outgoing, sending?: Sending): Promise<RecordMetadata>
  abstract failedLater (topic: string, error: Error): void
  /** @throws FASTSTREAM_ERR_NOT_READY while there is none, and when it is drained */
  protected abstract readonly runtime: BrokerRuntime
  protected abstract readonly isEnding: boolean
  protected abstract compileDynamic (settings: SubscriberSettings): CompiledSubscriber
  protected abstract compilePublisher (settings: PublisherSettings): PublisherPlan
  abstract prepareTopic (topic: string): void
  abstract readReplies (topic: string, taker: ReplyTaker): Promise<ReplyReader>

  get name (): string {
    return this.settings.name
  }

  get loading (): boolean {
    return !this.started && this.state === 'starting'
  }

  get isInspected (): boolean {
    return this.environment.isInspected === true
  }

  get startsTasks (): boolean {
    return !this.isInspected && this.environment.hasManualTasks !== true
  }

  get isConnected (): boolean {
    return this.state === 'connected'
  }

  get topics (): readonly string[] {
    return this.registry.previewedTopics
  }

  /** @throws FASTSTREAM_ERR_UNKNOWN_CLUSTER, FASTSTREAM_ERR_BROKERS_REQUIRED, FASTSTREAM_ERR_ALREADY_STARTED */
  setKafkaBroker (name: string): void {
    const connection = clusterNamed(this.settings.clusters, name)
    this.onlyWhileLoading('the choice', name)
    requireWritten(connection)
    this.settings = Object.freeze({ ...this.settings, ...connection })
    this.registry.use(this.settings)
  }

  addSubscriber (declaration: SubscriberDeclaration): void {
    this.onlyWhileLoading('a subscriber', declaration.topics.join(', '))
    this.registry.addSubscriber(declaration)
  }

  /** Declares a subscriber that starts and stops by itself; `all` are its cases, if it has several. */
  addDynamic (all: OneOrMore<SubscriberDeclaration>): void {
    const { compiled, state } = this
    if (compiled === undefined || state === 'closing' || state === 'closed') throw new FASTSTREAM_ERR_NOT_READY(state)
    this.dynamic.declare(all)
  }

  /** Also after the start: then it is compiled at once, and its topic is created or verified. */
  addPublisher (declaration: PublisherDeclaration): void {
    if (this.loading) return this.registry.addPublisher(declaration)
    const { compiled, registry, state } = this
    if (compiled === undefined || state === 'closing' || state === 'closed') throw new FASTSTREAM_ERR_NOT_READY(state)
    const { topics } = registry
    registry.addLatePublisher(declaration, (settings) => {
      compiled.publishers.add(declaration, this.compilePublisher(settings))
      if (!topics.includes(settings.topic)) this.prepareTopic(settings.topic)
    })
  }

  addLayer (scope: FastifyInstance, layer: Layer): void {
    this.onlyWhileLoading('options', nameOf(scope))
    this.registry.addLayer(scope, layer)
  }

  addMiddleware (scope: FastifyInstance, middleware: Middleware): void {
    this.onlyWhileLoading('a middleware', nameOf(scope))
    this.registry.addLayer(scope, { middlewares: [middleware] })
  }

  insertMiddleware (scope: FastifyInstance, middleware: Middleware): void {
    this.onlyWhileLoading('a middleware', nameOf(scope))
    this.registry.insertLayer(scope, { middlewares: [middleware] })
  }

  setErrorHandler (scope: FastifyInstance, handler: ErrorHandler<FastifyInstance>): void {
    this.onlyWhileLoading('an error handler', nameOf(scope))
    this.errorHandlers.set(scope, handler)
  }

  /** Final once schemas are compiled, as is asked for then only. */
  publishScopes (scope: FastifyInstance): PublishScopes {
    let scopes = this.#publishScopes.get(scope)
    if (scopes === undefined) {
      scopes = this.chains.scopesOf(this.registry.middlewaresOf(scope))
      this.#publishScopes.set(scope, scopes)
    }
    return scopes
  }

  /** All subscribers with their schemas. @throws FASTSTREAM_ERR_NOT_READY before these are compiled */
  get compiledSubscribers (): readonly CompiledSubscriber[] {
    return [...this.found(this.compiled).subscribers.values()]
  }

  topicsOf (declaration: SubscriberDeclaration): readonly string[] {
    return this.registry.preview(declaration).topics
  }

  reads (declaration: SubscriberDeclaration, topic: string): boolean {
    const { topics, patterns } = this.registry.preview(declaration)
    return topics.includes(topic) || patterns.some((pattern) => pattern.matches(topic))
  }

  onlyWhileLoading (what: string, name: string): void {
    if (!this.loading) throw new FASTSTREAM_ERR_ALREADY_STARTED(what, name, 'ready()')
  }

  whenClosed (release: () => void): void {
    this.#releases.push(release)
  }

  groupIdOf (declaration: SubscriberDeclaration): string | null {
    return this.registry.preview(declaration).groupId ?? null
  }

  topicOf (declaration: PublisherDeclaration): string {
    return this.registry.publisher(declaration).topic
  }

  isInSchema (declaration: PublisherDeclaration): boolean {
    return this.registry.publisher(declaration).includeInSchema
  }

  /** @throws FASTSTREAM_ERR_NOT_READY before the schemas are compiled */
  publisherOf (declaration: PublisherDeclaration): PublisherPlan {
    return this.found(this.compiled?.publishers.of(declaration))
  }

  /** @throws FASTSTREAM_ERR_NOT_READY before the schemas are compiled */
  subscriberOf (declaration: SubscriberDeclaration): CompiledSubscriber {
    return this.found(this.compiled?.subscribers.get(declaration))
  }

  publisherFor (scope: FastifyInstance, topic: string): PublisherPlan {
    const declared = this.found(this.compiled).publishers.find(scope, topic)
    return declared ?? plainPublisher(this, scope, topic, this.registry.codecIn(scope))
  }

  /** @throws FASTSTREAM_ERR_NOT_READY for what is not there yet, or not any more */
  protected found<T> (part: T | undefined): T {
    if (part === undefined) throw new FASTSTREAM_ERR_NOT_READY(this.state)
    return part
  }

  /** Lets go of what outlives the app, such as routers that it includes. */
  protected markClosed (): void {
    this.state = 'closed'
    for (const release of this.#releases.splice(0)) release()
  }
}
