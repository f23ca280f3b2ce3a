import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { BoundBroker } from '../../types/index.js'
import { systemClock, within, type Clock } from '../clock.js'
import type { Group } from '../consume/group.js'
import { FASTSTREAM_ERR_ALREADY_STARTED, FASTSTREAM_ERR_DUPLICATE_PUBLISHER, FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER, FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_START_TIMEOUT } from '../errors.js'
import type { Log } from '../log.js'
import type { Settings } from '../options.js'
import { Producer } from '../produce/producer.js'
import { createTransport } from '../transport/create.js'
import type { Transport } from '../transport/transport.js'
import { compile } from './compile.js'
import { createGroups } from './groups.js'
import { DeclaredPublisher } from './publisher.js'
import type { TestSetup } from './registry.js'
import type { DeclaredSubscriber } from './subscriber.js'
import { prepareTopics } from './topics.js'
import { BoundView } from './view.js'

type State = 'loading' | 'starting' | 'started' | 'closing' | 'closed'

const JOINING = 'joining groups'
/** What the producer may take to send what is queued when the app closes, ms. */
const FLUSH_TIMEOUT = 5000

/** One cluster: what is declared on it while plugins load, and its life from `onReady` to `onClose`. */
export class Broker {
  readonly settings: Settings
  readonly clock: Clock = systemClock
  readonly #log: Log
  readonly #subscribers: DeclaredSubscriber[] = []
  readonly #publishers: DeclaredPublisher[] = []
  #state: State = 'loading'
  #step = ''
  #transport: Transport | undefined
  #producer: Producer | undefined
  #groups: readonly Group[] = []
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor (settings: Settings, log: Log) {
    this.settings = settings
    this.#log = log
  }

  get name (): string {
    return this.settings.name
  }

  get loading (): boolean {
    return this.#state === 'loading'
  }

  get producer (): Producer {
    if (this.#producer === undefined) throw new FASTSTREAM_ERR_NOT_READY(this.#state)
    return this.#producer
  }

  addSubscriber (subscriber: DeclaredSubscriber): DeclaredSubscriber {
    const { topics, groupId } = subscriber
    this.#onlyWhileLoading('a subscriber', topics.join(', '))
    for (const topic of topics) {
      if (this.#subscribers.some((other) => other.groupId === groupId && other.topics.includes(topic))) throw new FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER(topic, groupId)
    }
    this.#captureCompiler(subscriber, 'a subscriber', topics.join(', '))
    this.#subscribers.push(subscriber)
    return subscriber
  }

  addPublisher (publisher: DeclaredPublisher): DeclaredPublisher {
    this.#onlyWhileLoading('a publisher', publisher.topic)
    this.#captureCompiler(publisher, 'a publisher', publisher.topic)
    this.#publishers.push(publisher)
    return publisher
  }

  /** The publisher that a scope knows for a topic, its own before its parents'; one without a schema where there is none. */
  publisherFor (scope: FastifyInstance, topic: string): DeclaredPublisher {
    const known = this.#publishers.filter((publisher) => publisher.topic === topic)
    for (let at: FastifyInstance | null = scope; at !== null; at = Object.getPrototypeOf(at)) {
      const [publisher, ...others] = known.filter((publisher) => publisher.scope === at)
      if (others.length > 0) throw new FASTSTREAM_ERR_DUPLICATE_PUBLISHER(topic)
      if (publisher !== undefined) return publisher
    }
    return new DeclaredPublisher(this, scope, topic, {})
  }

  bind (scope: FastifyInstance, correlationId: () => string): BoundBroker {
    return new BoundView(this, scope, correlationId)
  }

  newCorrelationId (): string {
    return randomUUID()
  }

  /** Compiles, connects, prepares topics, joins the groups. Whatever fails leaves nothing open. */
  async start (test: TestSetup | undefined): Promise<void> {
    if (this.#state !== 'loading') return
    this.#state = 'starting'
    const { connectTimeout, ajv } = this.settings
    try {
      compile(this.#subscribers, this.#publishers, ajv)
      this.#transport = test === undefined ? await createTransport(this.settings, this.#log) : test.transport()
      const starting = this.#start(this.#transport, test)
      const started = await within(this.clock, connectTimeout, starting)
      if (!started) this.#late(starting)
      if (this.#closing !== undefined) throw new FASTSTREAM_ERR_NOT_READY('closed')
    } catch (error) {
      // Not awaited: the hook's own time-out must not come before this error. `onClose` waits for it.
      this.close()
      throw error
    }
    this.#state = 'started'
  }

  /**
   * A group waits for members that died without leaving until their sessions end, longer than a boot may take: after a crash
   * the app serves HTTP meanwhile and reads when it has joined. Nothing else is worth waiting for.
   */
  #late (starting: Promise<void>): void {
    const { connectTimeout } = this.settings
    if (this.#step !== JOINING) throw new FASTSTREAM_ERR_START_TIMEOUT(connectTimeout, this.#step)
    this.#log.warn({ timeout: connectTimeout }, 'groups are not joined yet: members that died still count; messages flow once they are joined')
    starting.catch((err) => { if (!this.#ending) this.#log.error({ err }, 'groups could not be joined: their messages are not read') })
  }

  async #start (transport: Transport, test: TestSetup | undefined): Promise<void> {
    const settings = test?.hurried === true ? this.#hurried() : this.settings
    this.#step = 'connecting'
    await transport.connect()
    if (this.#ending) return
    this.#step = 'preparing topics'
    await prepareTopics(transport, this.#subscribers, this.#publishers, settings, this.#log, () => this.#ending)
    if (this.#ending) return
    const producer = this.#producer = new Producer(transport.producer(), settings.producer, this.clock)
    this.#step = JOINING
    this.#groups = createGroups(this.#subscribers, { transport, producer, settings, clock: this.clock, log: this.#log, onFailure: test?.onFailure })
    await Promise.all(this.#groups.map((group) => group.start()))
  }

  get #ending (): boolean {
    return this.#draining !== undefined || this.#closing !== undefined
  }

  /** Lets messages flow. Called when every `onReady` hook of the app is done, so that what handlers use is there. */
  dispatch (): void {
    if (this.#state !== 'started') return
    for (const { name, topics, groupId } of this.#subscribers) this.#log.info({ subscriber: name, topics, groupId }, 'subscriber waits for messages')
    for (const group of this.#groups) group.dispatch()
  }

  /** Reads no more, waits for running handlers, commits and leaves the groups. Publishing goes on. */
  drain (): Promise<void> {
    this.#draining ??= Promise.all(this.#groups.map((group) => group.close(this.settings.drainTimeout))).then(() => {})
    return this.#draining
  }

  /** Sends what is queued and lets go of the cluster. Never rejects. */
  close (): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close (): Promise<void> {
    this.#state = 'closing'
    await this.drain()
    if (this.#producer !== undefined) {
      const flushed = await within(this.clock, FLUSH_TIMEOUT, this.#producer.idle())
      if (!flushed) this.#log.error({ messages: this.#producer.pending, timeout: FLUSH_TIMEOUT }, 'messages that were published could not be sent before the app closed')
      await this.#producer.close()
    }
    await this.#transport?.close()
    this.#state = 'closed'
  }

  /** In the tests of users nothing waits, and the topics are always there. */
  #hurried (): Settings {
    for (const subscriber of this.#subscribers) subscriber.retry = { ...subscriber.retry, delay: 0 }
    return { ...this.settings, topics: 'create', commit: { interval: 0, count: 1 } }
  }

  /** Before the app is booted the getter yields compilers that were set by hand, and no others; `after` waits for those that the scope sets later. */
  #captureCompiler (declared: DeclaredSubscriber | DeclaredPublisher, what: string, topic: string): void {
    const { scope } = declared
    try {
      scope.after(() => { declared.customCompiler = scope.validatorCompiler })
    } catch (cause) {
      // Another plugin's onReady hook, which ran before ours.
      throw new FASTSTREAM_ERR_ALREADY_STARTED(what, topic, { cause })
    }
  }

  #onlyWhileLoading (what: string, topic: string): void {
    if (this.#state !== 'loading') throw new FASTSTREAM_ERR_ALREADY_STARTED(what, topic)
  }
}
