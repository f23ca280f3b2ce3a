import type { FastifyInstance } from 'fastify'
import type { BrokerHealth, RecordMetadata } from '../../types/index.js'
import type { Clock } from '../clock.js'
import type { Group } from '../consume/group/group.js'
import type { LastError } from '../consume/group/group-state.js'
import { overridesOf } from '../deps/overrides.js'
import type { ResolutionSettings } from '../deps/resolution.js'
import { FASTSTREAM_ERR_NOT_READY } from '../errors.js'
import { Events } from '../events.js'
import type { Outgoing, Sending } from '../message/outgoing.js'
import type { PublishChains } from '../middleware/publish-chain.js'
import type { Settings } from '../options/plugin-options.js'
import type { Producer } from '../produce/producer.js'
import type { ReplyReader, ReplyTaker } from '../request/reply-reader.js'
import type { TopicPartitionOffset, Transport } from '../transport/transport.js'
import { compile, compileDynamic, compilePublisher, type Compiled } from './compile.js'
import type { SubscriberDeclaration } from './declaration.js'
import { DeclaredBroker } from './declared-broker.js'
import { BrokerReport } from './report.js'
import { BrokerRuntime } from './runtime.js'
import { withOptions, type Environment } from './environment.js'
import { Lifecycle } from './lifecycle.js'
import { brokerHealth } from './health.js'
import { PausedSubscribers } from './paused-subscribers.js'
import type { PublisherSettings, SubscriberSettings } from './plan.js'
import { createPublishChains } from './publish-chains.js'
import type { PublisherPlan } from './publisher.js'
import { startInBackground, startInTime } from './startup.js'
import type { CompiledSubscriber } from './subscriber.js'
import type { ViewedBroker } from './views.js'

/** One cluster: what is declared on it is read and written from `onReady` to `onClose`. */
export class Broker extends DeclaredBroker implements ViewedBroker {
  readonly events: Events
  readonly lifecycle: Lifecycle
  readonly chains: PublishChains
  readonly #report: BrokerReport
  readonly #ended = new AbortController()
  readonly paused = new PausedSubscribers(this)
  #connection: BrokerRuntime | undefined
  #lastError: LastError | undefined
  #dispatching = false
  readonly #overdue = new AbortController()
  #cancelOverdue!: () => void
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor (settings: Settings, scope: FastifyInstance) {
    super(settings, scope)
    this.#report = new BrokerReport(settings, this.log)
    this.events = new Events(settings.name, this.log)
    this.lifecycle = new Lifecycle(this, this.log)
    this.chains = createPublishChains(this, this.log)
  }

  get id (): string {
    return this.events.identity.brokerId
  }

  get clock (): Clock {
    return this.environment.clock
  }

  get producer (): Producer {
    return this.found(this.#connection?.producer)
  }

  get transport (): Transport {
    return this.found(this.isConnected ? this.#connection?.transport : undefined)
  }

  get connection (): BrokerRuntime | undefined {
    return this.#connection
  }

  send (outgoing: Outgoing, sending?: Sending): Promise<RecordMetadata> {
    return this.chains.order.send(outgoing, sending)
  }

  failedLater (topic: string, error: Error): void {
    this.#report.unconfirmed.add(topic, error)
  }

  resolutionSettings (app: FastifyInstance): ResolutionSettings {
    return { clock: this.clock, cleanupTimeout: this.settings.cleanupTimeout, overrides: overridesOf(app) }
  }

  health (): BrokerHealth {
    const { state, registry: { previews }, lifecycle: { background: { health: background } }, requests } = this
    const facts = { state, lastError: this.#lastError, background, requests: requests.health }
    return brokerHealth(facts, previews, (declaration) => this.groupOf(declaration))
  }

  get isStarted (): boolean {
    return this.isConnected && this.#dispatching && !this.lifecycle.isWaiting && !this.isEnding
  }

  async ping (timeout: number): Promise<boolean> {
    return (this.isConnected || this.state === 'connecting') && await this.#connection!.ping(timeout)
  }

  skipTo (declaration: SubscriberDeclaration, to: TopicPartitionOffset): void {
    this.found(this.groupOf(declaration)).skipTo(to)
  }

  groupOf (declaration: SubscriberDeclaration): Group | undefined {
    return this.#connection?.groupOf(declaration)
  }

  protected get runtime (): BrokerRuntime {
    if (this.isConnected && this.isEnding) throw new FASTSTREAM_ERR_NOT_READY('closing')
    return this.found(this.isConnected ? this.#connection : undefined)
  }

  protected compileDynamic (settings: SubscriberSettings): CompiledSubscriber {
    return compileDynamic(settings, this.registry, this, this.environment)
  }

  protected compilePublisher (settings: PublisherSettings): PublisherPlan {
    return compilePublisher(settings, this)
  }

  prepareTopic (topic: string): void {
    this.#connection?.prepare(topic)
  }

  async readReplies (topic: string, taker: ReplyTaker): Promise<ReplyReader> {
    return await this.found(this.#connection).readReplies(topic, taker)
  }

  override setKafkaBroker (name: string): void {
    super.setKafkaBroker(name)
    this.#report.use(this.settings)
  }

  /** Compiles, connects, prepares topics, joins the groups. Leaves nothing open when it fails. */
  async start (environment: Environment): Promise<void> {
    if (!this.loading) return
    this.started = true
    this.environment = environment
    environment.listen(this.events, this)
    // Fastify's time-out of the hook counts from here, so ours does, too.
    const began = this.clock.elapsed()
    try {
      this.registry.complete([{ retry: environment.options.retry }])
      this.compiled = compile(this.registry, this, environment)
      await this.#begin(this.compiled, began)
    } catch (error) {
      // Not awaited: the hook's own time-out must not come before this error. `onClose` waits for it.
      this.close()
      throw error
    }
  }

  async #begin (compiled: Compiled, began: number): Promise<void> {
    const { clock, settings: { connectTimeout } } = this
    const { startup = this.settings.startup } = this.environment.options
    const means = { clock, report: this.#report, connectTimeout, ended: this.#ended.signal }
    const connection = await this.#connect(compiled)
    if (startup === 'background') {
      this.state = 'connecting'
      const connect = (): Promise<BrokerRuntime> => this.#connect(compiled)
      startInBackground(connection, { ...means, connect, failed: (e) => { this.#lastError = e } }).then((connected) => {
        if (!connected) return
        this.state = 'connected'
        this.#flow()
      })
      return
    }
    await startInTime(connection, began, means)
    if (this.#closing !== undefined) throw new FASTSTREAM_ERR_NOT_READY('closed')
    this.state = 'connected'
  }

  async #connect ({ subscribers }: Compiled): Promise<BrokerRuntime> {
    const { createTransport, options } = this.environment
    const transport = await createTransport(this.settings, this.log)
    const settings = withOptions(this.settings, options)
    const { clock, events, registry: { topics, writtenTopics } } = this
    const read = this.isInspected ? [] : [...subscribers.values()]
    const plan = { subscribers: read, topics, writtenTopics, paused: this.paused, isInspected: this.isInspected }
    this.#connection = new BrokerRuntime(transport, plan, { settings, clock, log: this.log, events })
    this.#flow()
    return this.#connection
  }

  protected get isEnding (): boolean {
    return this.#ended.signal.aborted
  }

  /** Lets messages flow. Called when every `onReady` hook of the app is done, so that what handlers use is there. */
  dispatch (): void {
    this.#dispatching = true
    this.#flow()
  }

  /** Functions of `onStarted` that the cluster has kept waiting come before the first message. */
  #flow (): void {
    if (!this.#dispatching || this.isEnding) return
    if (this.lifecycle.isWaiting) {
      if (this.isConnected) this.#runPostponed()
      return
    }
    this.#connection?.dispatch()
    if (this.isConnected) this.lifecycle.startTasks()
  }

  async #runPostponed (): Promise<void> {
    const failed = (error: Error): void => { this.#lastError = { error, at: this.clock.now() } }
    await this.lifecycle.runPostponed(this.settings.pluginTimeout, failed)
    this.#flow()
  }

  /** Aborts when the app closes and has waited for `drainTimeout`. */
  get overdue (): AbortSignal {
    return this.#overdue.signal
  }

  /** Reads no more, waits for running handlers, commits and leaves the groups. Publishing goes on. */
  drain (): Promise<void> {
    return (this.#draining ??= this.#drain())
  }

  async #drain (): Promise<void> {
    this.#ended.abort()
    this.dynamic.end()
    if (!this.loading) {
      this.#report.closing(this.clock, () => this.health(), this.#connection?.producer?.pending ?? 0)
    }
    const { clock, lifecycle, settings: { drainTimeout } } = this
    this.#cancelOverdue = clock.schedule(drainTimeout, () => { this.#overdue.abort() })
    const left = lifecycle.stops && this.isConnected ? await lifecycle.stop(drainTimeout) : drainTimeout
    await Promise.all([lifecycle.background.end(clock, left), this.#connection?.drain(left)])
  }

  /** Sends what is queued and lets go of the cluster. Never rejects. */
  close (): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close (): Promise<void> {
    const drained = this.drain()
    this.state = 'closing'
    await drained
    await this.#connection?.close()
    this.#cancelOverdue()
    this.markClosed()
    this.#report.closed(this.clock)
  }
}
