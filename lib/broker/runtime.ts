import { within } from '../clock.js'
import { inOwnContext } from '../context.js'
import type { Group } from '../consume/group/group.js'
import type { Environment } from '../consume/environment.js'
import { FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_UNKNOWN_TOPIC } from '../errors.js'
import { MemoryBudget } from '../memory-budget.js'
import type { Settings } from '../options/plugin-options.js'
import { Producer } from '../produce/producer.js'
import { ReplyReader, type ReplyTaker } from '../request/reply-reader.js'
import type { NeededRights, Transport } from '../transport/transport.js'
import type { SubscriberDeclaration } from './declaration.js'
import { Groups } from './groups.js'
import type { CompiledSubscriber } from './subscriber.js'
import { checkPartitions } from './check-partitions.js'
import { namesOf, type SubscriberSettings } from './plan.js'
import { prepareTopics } from './prepare-topics.js'

export interface Surroundings extends Environment {
  readonly settings: Settings
}

/** Parts that a broker runs. */
export interface RuntimePlan {
  readonly subscribers: readonly CompiledSubscriber[]
  /** All declared topics, dead-letter topics included. */
  readonly topics: readonly string[]
  /** The topics that the app publishes to. */
  readonly writtenTopics: readonly string[]
  /** Subscribers that are paused now. */
  readonly paused: ReadonlySet<SubscriberDeclaration>
  /** True: nothing is read, whatever is started. */
  readonly isInspected?: boolean
}

/** Steps of a start, named in the error of a start that times out. */
export type Step = 'connecting' | 'checking rights' | 'preparing topics' | 'joining groups'

/** Time that the producer has to send its queue when the app closes, ms. */
const FLUSH_TIMEOUT = 5000

/** The cluster, for as long as it is needed or until it fails at the start: topics, one producer, and the groups. */
export class BrokerRuntime {
  readonly #transport: Transport
  readonly #plan: RuntimePlan
  readonly #surroundings: Surroundings
  #step: Step = 'connecting'
  #producer: Producer | undefined
  #groups: Groups | undefined
  #replies: ReplyReader | undefined
  /** Topics that were declared while the start was under way. */
  readonly #late = new Set<string>()
  #dispatching = false
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor (transport: Transport, plan: RuntimePlan, surroundings: Surroundings) {
    this.#transport = transport
    this.#plan = plan
    this.#surroundings = surroundings
  }

  get step (): Step {
    return this.#step
  }

  get transport (): Transport {
    return this.#transport
  }

  /** There once topics are prepared. */
  get producer (): Producer | undefined {
    return this.#producer
  }

  /** There once the groups are joined, or about to be. */
  groupOf (declaration: SubscriberDeclaration): Group | undefined {
    return this.#groups?.of(declaration)
  }

  /**
   * Starts messages only for a part of the time, 0 to 1. The groups stay joined, read on until their buffers are full,
   * and end what runs.
   */
  share (share: number): void {
    for (const { pace } of this.#groups ?? []) pace.share(share)
  }

  /** Why a group is not joined whose coordinator is not reached. */
  get unreached (): Error | undefined {
    return this.#groups?.unreached
  }

  /**
   * Connects by `deadline` (ms by the clock's `elapsed`), prepares the topics and joins the groups. Ends early, without
   * an error, when the broker is drained or closed meanwhile. `onFailure`: told when the first try to connect fails.
   */
  start (deadline?: number, onFailure?: (error: Error) => void): Promise<void> {
    // Sockets and loops that begin here outlive the caller of ready().
    return inOwnContext(() => this.#start(deadline, onFailure))
  }

  async #start (deadline?: number, onFailure?: (error: Error) => void): Promise<void> {
    const { subscribers, topics, paused } = this.#plan
    const { settings, log } = this.#surroundings
    await this.#transport.connect(deadline, onFailure)
    if (this.#ending) return
    this.#step = 'checking rights'
    await this.#transport.checkRights?.(neededRights(this.#plan))
    if (this.#ending) return
    this.#step = 'preparing topics'
    await prepareTopics(this.#transport, topics, settings, log, () => this.#ending)
    await checkPartitions(this.#transport, subscribers)
    if (this.#ending) return
    this.#producer = new Producer(this.#transport.producer(), settings.producer, this.#surroundings)
    for (const topic of this.#late) this.prepare(topic)
    this.#step = 'joining groups'
    const budget = new MemoryBudget(settings.buffer.bytes)
    const means = { ...this.#surroundings, transport: this.#transport, producer: this.#producer, budget, paused }
    this.#groups = new Groups(subscribers, means)
    if (this.#dispatching) this.dispatch()
    await this.#all((group) => group.start())
  }

  /** Lets messages flow, as soon as there are any. */
  dispatch (): void {
    this.#dispatching = true
    this.#groups?.dispatch()
  }

  /** Creates or verifies a topic that was declared late. What is published to it meanwhile waits. */
  prepare (topic: string): void {
    if (this.#producer === undefined) {
      this.#late.add(topic)
      return
    }
    const { settings, log } = this.#surroundings
    const prepared = inOwnContext(() => prepareTopics(this.#transport, [topic], settings, log, () => this.#ending))
    prepared.catch((err) => { log.error({ err, topic }, 'the topic of a late publisher could not be prepared') })
    this.#producer.hold(topic, prepared)
  }

  /**
   * Reads one partition of a reply topic, which is created or verified. Processes choose at random: two that read the
   * same one do each other no harm.
   */
  async readReplies (topic: string, taker: ReplyTaker): Promise<ReplyReader> {
    const { settings, log } = this.#surroundings
    await prepareTopics(this.#transport, [topic], settings, log, () => this.#closing !== undefined)
    const count = (await this.#transport.describeTopics([topic])).get(topic)
    if (this.#closing !== undefined) throw new FASTSTREAM_ERR_NOT_READY('closing')
    if (count === undefined) throw new FASTSTREAM_ERR_UNKNOWN_TOPIC(topic)
    const { sessionTimeout, rebalanceTimeout } = settings
    const createConsumer: Transport['consumer'] = (...args) => this.#transport.consumer(...args)
    const means = { createConsumer, sessionTimeout, rebalanceTimeout, log }
    this.#replies = new ReplyReader({ topic, partition: Math.floor(Math.random() * count) }, taker, means)
    await this.#replies.start()
    return this.#replies
  }

  /** Whether the cluster answers within `timeout` ms. Never rejects. */
  async ping (timeout: number): Promise<boolean> {
    const { clock } = this.#surroundings
    const deadline = clock.elapsed() + timeout
    const asked = this.#transport.ping?.(deadline) ?? this.#transport.describeTopics(this.#plan.topics)
    const isAnswered = await within(clock, timeout, asked).catch(() => false)
    // Where the event loop is late, an answer that came too late is read before the timer fires.
    return isAnswered && clock.elapsed() < deadline
  }

  /**
   * Reads for one more subscriber, which was declared after the start; `others` are its further cases. Resolves when
   * its messages are read, the groups of the others having rebalanced where it shares one.
   *
   * @throws FASTSTREAM_ERR_NOT_READY while the start is under way, and when the broker is drained
   */
  async add (subscriber: CompiledSubscriber, ...others: readonly CompiledSubscriber[]): Promise<void> {
    if (this.#plan.isInspected === true) return
    const { settings, log } = this.#surroundings
    const { deadLetterTopics } = subscriber
    this.#runningGroups()
    const declared = [...new Set([...namesOf(subscriber), ...deadLetterTopics.values()])]
    await prepareTopics(this.#transport, declared, settings, log, () => this.#ending)
    await checkPartitions(this.#transport, [subscriber])
    await inOwnContext(() => this.#runningGroups().add(subscriber, ...others))
  }

  /** Reads no more for a subscriber: what runs may end, and its topics leave the group's subscription. */
  async remove (subscriber: CompiledSubscriber, ...others: readonly CompiledSubscriber[]): Promise<void> {
    await this.#runningGroups().remove([subscriber, ...others], this.#surroundings.settings.drainTimeout)
  }

  #runningGroups (): Groups {
    if (this.#ending) throw new FASTSTREAM_ERR_NOT_READY('closing')
    if (this.#groups === undefined) throw new FASTSTREAM_ERR_NOT_READY('connecting')
    return this.#groups
  }

  /** Reads no more, waits `timeout` ms for running handlers, commits and leaves the groups. Publishing goes on. */
  drain (timeout = this.#surroundings.settings.drainTimeout): Promise<void> {
    this.#draining ??= this.#all((group) => group.close(timeout))
    return this.#draining
  }

  /** Sends what is queued and lets go of the cluster. Never rejects. */
  close (): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close (): Promise<void> {
    const { clock, log } = this.#surroundings
    await this.drain()
    await this.#replies?.close()
    if (this.#producer !== undefined) {
      const flushed = await within(clock, FLUSH_TIMEOUT, this.#producer.idle())
      if (!flushed) {
        const message = 'messages that were published could not be sent before the app closed'
        log.error({ messages: this.#producer.pending, timeout: FLUSH_TIMEOUT }, message)
      }
      await this.#producer.close()
    }
    await this.#transport.close()
  }

  async #all (work: (group: Group) => Promise<void>): Promise<void> {
    await Promise.all(Array.from(this.#groups ?? [], work))
  }

  get #ending (): boolean {
    return this.#draining !== undefined
  }
}

/** Rights on the cluster that the app needs to run. */
export function neededRights (
  { subscribers, writtenTopics }: {
    readonly subscribers: ReadonlyArray<Pick<SubscriberSettings, 'groupId' | 'topics' | 'patterns'>>
    readonly writtenTopics: readonly string[]
  }
): NeededRights {
  const groups = subscribers.flatMap(({ groupId }) => groupId ?? [])
  return {
    read: [...new Set(subscribers.flatMap(namesOf))],
    write: writtenTopics,
    groups: [...new Set(groups)]
  }
}
