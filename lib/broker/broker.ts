import type { FastifyInstance } from 'fastify'
import type { BrokerHealth, RecordMetadata } from '../../types/index.js'
import { sleep, within, type Clock } from '../clock.js'
import type { Group } from '../consume/group/group.js'
import type { LastError } from '../consume/group/group-state.js'
import { backoff } from '../consume/pipeline/backoff.js'
import { toError } from '../to-error.js'
import { overridesOf } from '../deps/overrides.js'
import type { ResolutionSettings } from '../deps/resolution.js'
import { FASTSTREAM_ERR_ALREADY_STARTED, FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_START_TIMEOUT } from '../errors.js'
import { Events } from '../events.js'
import { steady, type Log } from '../log.js'
import type { Outgoing, Sender } from '../message/outgoing.js'
import type { Settings } from '../options/plugin-options.js'
import type { Producer } from '../produce/producer.js'
import type { TopicPartitionOffset } from '../transport/transport.js'
import { compile, type Compiled } from './compile.js'
import type { PublisherDeclaration, SubscriberDeclaration } from './declaration.js'
import { BrokerRuntime } from './runtime.js'
import { SYSTEM, withOptions, type Environment } from './environment.js'
import { Registry } from './registry.js'
import { brokerHealth } from './health.js'
import { plainPublisher, type PublisherPlan } from './publisher.js'
import type { CompiledSubscriber } from './subscriber.js'
import type { ViewedBroker } from './views.js'

type State = BrokerHealth['state']

/** Waits between tries to reach the cluster, with `startup: 'background'`. */
const RECONNECT = { delay: 500, factor: 2, maxDelay: 30_000, jitter: 0.2 }

/** One cluster: what is declared on it while plugins load, and its life from `onReady` to `onClose`. */
export class Broker implements ViewedBroker, Sender {
  readonly settings: Settings
  readonly events: Events
  readonly #log: Log
  readonly #registry: Registry
  readonly #ended = new AbortController()
  #environment: Environment = SYSTEM
  #state: State = 'loading'
  #compiled: Compiled | undefined
  #connection: BrokerRuntime | undefined
  #lastError: LastError | undefined
  #dispatching = false
  readonly #overdue = new AbortController()
  #cancelOverdue!: () => void
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor (settings: Settings, log: Log) {
    this.settings = settings
    this.#registry = new Registry(settings)
    this.#log = steady(log)
    this.events = new Events(settings.name, this.#log)
  }

  get name (): string {
    return this.settings.name
  }

  get clock (): Clock {
    return this.#environment.clock
  }

  get registry (): Registry {
    return this.#registry
  }

  get loading (): boolean {
    return this.#state === 'loading'
  }

  get producer (): Producer {
    const producer = this.#connection?.producer
    if (producer === undefined) throw new FASTSTREAM_ERR_NOT_READY(this.#state)
    return producer
  }

  addSubscriber (declaration: SubscriberDeclaration): void {
    this.#onlyWhileLoading('a subscriber', declaration.topics.join(', '))
    this.#registry.addSubscriber(declaration)
  }

  addPublisher (declaration: PublisherDeclaration): void {
    this.#onlyWhileLoading('a publisher', declaration.topic)
    this.#registry.addPublisher(declaration)
  }

  groupIdOf (declaration: SubscriberDeclaration): string | null {
    return this.#registry.groupIdOf(declaration)
  }

  isInSchema (declaration: PublisherDeclaration): boolean {
    return this.#registry.isInSchema(declaration)
  }

  /** @throws FASTSTREAM_ERR_NOT_READY before the schemas are compiled */
  publisherOf (declaration: PublisherDeclaration): PublisherPlan {
    return this.#found(this.#compiled?.publishers.of(declaration))
  }

  /** @throws FASTSTREAM_ERR_NOT_READY before the schemas are compiled */
  subscriberOf (declaration: SubscriberDeclaration): CompiledSubscriber {
    return this.#found(this.#compiled?.subscribers.get(declaration))
  }

  publisherFor (scope: FastifyInstance, topic: string): PublisherPlan {
    return this.#found(this.#compiled).publishers.find(scope, topic) ?? plainPublisher(this, scope, topic)
  }

  async send (outgoing: Outgoing): Promise<RecordMetadata> {
    return await this.producer.publish(outgoing)
  }

  #found<T> (compiled: T | undefined): T {
    if (compiled === undefined) throw new FASTSTREAM_ERR_NOT_READY(this.#state)
    return compiled
  }

  resolutionSettings (app: FastifyInstance): ResolutionSettings {
    return { clock: this.clock, cleanupTimeout: this.settings.cleanupTimeout, overrides: overridesOf(app) }
  }

  health (): BrokerHealth {
    const { subscribers } = this.#registry
    const groupOf = (declaration: SubscriberDeclaration): Group | undefined => this.#connection?.groupOf(declaration)
    return brokerHealth(this.#state, this.#lastError, subscribers, groupOf)
  }

  skipTo (declaration: SubscriberDeclaration, to: TopicPartitionOffset): void {
    this.#found(this.#connection?.groupOf(declaration)).skipTo(to)
  }

  /** Compiles, connects, prepares topics, joins the groups. Leaves nothing open when it fails. */
  async start (environment: Environment): Promise<void> {
    if (this.#state !== 'loading') return
    this.#state = 'connecting'
    this.#environment = environment
    environment.listen(this.events)
    // Fastify's time-out of the hook counts from here, so ours does, too.
    const began = this.clock.elapsed()
    try {
      this.#registry.complete([{ retry: environment.options.retry }])
      this.#compiled = compile(this.#registry, this)
      const connection = await this.#connect(this.#compiled)
      const { startup = this.settings.startup } = environment.options
      if (startup === 'strict') await this.#startInTime(connection, began)
      else this.#startInBackground(connection, this.#compiled)
    } catch (error) {
      // Not awaited: the hook's own time-out must not come before this error. `onClose` waits for it.
      this.close()
      throw error
    }
  }

  async #startInTime (connection: BrokerRuntime, began: number): Promise<void> {
    const { connectTimeout } = this.settings
    // The transport's error knows why no broker answers, so it comes before ours.
    const starting = connection.start(began + connectTimeout * 0.9)
    const started = await within(this.clock, began + connectTimeout - this.clock.elapsed(), starting)
    if (!started) this.#late(connection, starting)
    if (this.#closing !== undefined) throw new FASTSTREAM_ERR_NOT_READY('closed')
    this.#state = 'connected'
  }

  /**
   * Lets a start that joins groups go on in the background; a start in any other step has failed, and so has one that
   * does not reach a group's coordinator, as where brokers advertise addresses that lead nowhere. After a crash, a join
   * lasts until the sessions of the dead members have timed out, which may take longer than a boot: the app serves HTTP
   * meanwhile, and reads once it has joined.
   */
  #late ({ step, unreached }: BrokerRuntime, starting: Promise<void>): void {
    const { connectTimeout } = this.settings
    if (unreached !== undefined) {
      throw new FASTSTREAM_ERR_START_TIMEOUT(connectTimeout, `${step}: ${unreached.message}`, { cause: unreached })
    }
    if (step !== 'joining groups') throw new FASTSTREAM_ERR_START_TIMEOUT(connectTimeout, step)
    const message = 'groups are not joined yet: members that died still count; messages flow once they are joined'
    this.#log.warn({ timeout: connectTimeout }, message)
    starting.catch((err) => {
      if (!this.#ending) this.#log.error({ err }, 'groups could not be joined: their messages are not read')
    })
  }

  /** Never rejects. */
  async #startInBackground (connection: BrokerRuntime, compiled: Compiled): Promise<void> {
    for (let attempt = 1; !this.#ending; attempt++) {
      const err = await connection.start().then(() => undefined, toError)
      if (this.#ending) return
      if (err === undefined) {
        this.#state = 'connected'
        return
      }
      this.#lastError = { error: err, at: this.clock.now() }
      await connection.close()
      const wait = backoff(RECONNECT, attempt)
      this.#log.error({ err, attempt, retryIn: Math.round(wait) }, 'the cluster cannot be used, it will be tried again')
      if (await sleep(this.clock, wait, this.#ended.signal)) connection = await this.#connect(compiled)
    }
  }

  async #connect ({ subscribers }: Compiled): Promise<BrokerRuntime> {
    const { createTransport, options } = this.#environment
    const transport = await createTransport(this.settings, this.#log)
    const settings = withOptions(this.settings, options)
    const plan = { subscribers: [...subscribers.values()], topics: this.#registry.topics }
    const { clock, events } = this
    this.#connection = new BrokerRuntime(transport, plan, { settings, clock, log: this.#log, events })
    if (this.#dispatching) this.#connection.dispatch()
    return this.#connection
  }

  get #ending (): boolean {
    return this.#ended.signal.aborted
  }

  /** Lets messages flow. Called when every `onReady` hook of the app is done, so that what handlers use is there. */
  dispatch (): void {
    if (this.#ending || this.loading) return
    for (const { name, topics, groupId } of this.#registry.subscribers) {
      this.#log.info({ subscriber: name, topics, groupId }, 'subscriber waits for messages')
    }
    this.#dispatching = true
    this.#connection?.dispatch()
  }

  /** Aborts when the app closes and has waited for `drainTimeout`. */
  get overdue (): AbortSignal {
    return this.#overdue.signal
  }

  /** Reads no more, waits for running handlers, commits and leaves the groups. Publishing goes on. */
  drain (): Promise<void> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  async #drain (): Promise<void> {
    this.#ended.abort()
    this.#cancelOverdue = this.clock.schedule(this.settings.drainTimeout, () => { this.#overdue.abort() })
    await this.#connection?.drain()
  }

  /** Sends what is queued and lets go of the cluster. Never rejects. */
  close (): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close (): Promise<void> {
    this.#state = 'closing'
    await this.drain()
    await this.#connection?.close()
    this.#cancelOverdue()
    this.#state = 'closed'
  }

  #onlyWhileLoading (what: string, topic: string): void {
    if (this.#state !== 'loading') throw new FASTSTREAM_ERR_ALREADY_STARTED(what, topic, 'ready()')
  }
}
