import { sleep, within } from '../../../clock.js'
import type { ConsumerListener, ConsumerOptions, TransportLog } from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Connections } from '../cluster/connections.js'
import { CODE, isFinal } from '../cluster/protocol-errors.js'
import { jittered } from '../cluster/retry-until.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import type { DecodeOptions } from '../records/record-set.js'
import { drainBeforeRejoin } from './drain-before-rejoin.js'
import { Generation } from './generation.js'
import { heartbeatInterval, type Membership } from './membership.js'
import type { MissingTopics } from './missing-topics.js'
import type { Subscription } from './subscription.js'
import type { SubscriptionChanges } from '../../subscription-changes.js'
import { Trigger } from './trigger.js'

export interface MemberOptions {
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
  readonly connections: Connections
  readonly membership: Membership
  readonly options: ConsumerOptions
  readonly subscription: Subscription
  readonly changes: SubscriptionChanges
  /** Positions where reading begins, by `partitionId`, whatever the group has stored. */
  readonly positions: Map<string, bigint>
  /** Positions of the next generation: what the present one commits does not end them. */
  readonly moved: Map<string, bigint>
  readonly listener: ConsumerListener
  readonly log: TransportLog
  readonly missing: MissingTopics
  readonly decode: DecodeOptions
  /** The cluster has told about the topics; it was asked `at`, ms by the clock's `elapsed`. */
  readonly described: (at: number) => void
  /** `version`: of the topics, as `changes` counts them. */
  readonly onJoined: (version: number) => void
  readonly closing: AbortSignal
}

type Ending = 'rebalancing' | 'lost'

/** ms; how old the metadata may get while a topic is missing */
const MISSING_MAX_AGE = 1000
/** ms from an error of a leader to the next look at the metadata */
const STALE_PAUSE = 150
/** ms that the first join waits for the metadata, each later one, and a member that has joined */
const FIRST_PATIENCE = 10_000
const PATIENCE = 1000
const LATER_PATIENCE = 5000

/** One consumer from its first join to what ends it: generation after generation. */
export class Member {
  readonly #with: MemberOptions
  readonly #heartbeatInterval: number
  readonly #stale = new Trigger()
  #generation: Generation | undefined
  #reading: boolean

  constructor (options: MemberOptions, reading: boolean) {
    this.#with = options
    this.#reading = reading
    this.#heartbeatInterval = heartbeatInterval(options.options)
  }

  /** Present assignment; undefined when nothing is owned. */
  get generation (): Generation | undefined {
    return this.#generation
  }

  stop (): void {
    this.#reading = false
    this.#generation?.stop()
  }

  /** The topics were replaced: the group rebalances. */
  subscriptionChanged (): void {
    this.#stale.fire()
  }

  /** Resolves with what ended it. */
  async live (): Promise<Error> {
    const { closing, listener } = this.#with
    let error: Error | undefined
    for (let patience = FIRST_PATIENCE; error === undefined; patience = PATIENCE) {
      error = await this.#oneGeneration(patience).then(() => undefined, (err: Error) => err)
    }
    if (this.#end() && !closing.aborted) listener.lost()
    return error
  }

  async #oneGeneration (patience: number): Promise<void> {
    const { cluster: { environment }, membership, subscription, changes, missing, closing } = this.#with
    const { positions, moved } = this.#with
    // A member that learns of new or deleted partitions after it has joined makes the group rebalance once more.
    const look = this.#look(patience)
    if (patience === FIRST_PATIENCE) await look
    else await within(environment.clock, PATIENCE, look.catch(throwFinal))
    closing.throwIfAborted()
    const { counts } = subscription
    const { version } = changes
    const onJoined = (): void => { this.#with.onJoined(version) }
    const assignment = await membership.join()
    closing.throwIfAborted()
    for (const [id, offset] of moved) positions.set(id, offset)
    moved.clear()

    const ending = new Promise<Ending>((resolve, reject) => {
      const generation = this.#generation = new Generation({
        ...this.#with,
        assignment,
        counts,
        isCreated: (topic) => missing.wasMissing(topic) || subscription.isCreated(topic),
        settled: onJoined,
        refresh: () => this.#look(PATIENCE).catch(() => {}),
        stale: this.#stale,
        rejoin: () => { resolve('rebalancing') },
        failed: reject
      }, this.#reading)
      generation.begin()
      // With partitions it has joined when it is known where they begin: 'latest' reads what is published then.
      if (assignment.partitions.length === 0) onJoined()
      this.#keepHeartbeat(generation).then(resolve, reject)
      this.#keepFresh(generation, version).then(() => { resolve('rebalancing') }, reject)
      closing.addEventListener('abort', () => { reject(closing.reason) }, { signal: generation.signal })
    })
    await this.#leaveGeneration(await ending)
  }

  /** Resolves when the coordinator says that the generation is over. */
  async #keepHeartbeat (generation: Generation): Promise<Ending> {
    const { cluster: { environment }, membership } = this.#with
    const never = new Trigger()
    for (;;) {
      await never.wait(this.#heartbeatInterval, environment, generation.signal)
      if (generation.signal.aborted) return 'lost'
      const beat = await membership.heartbeat(generation.assignment)
      if (beat !== 'alive') return beat
      generation.refreshEnds()
    }
  }

  /** Asks about the topics from time to time, and when a leader may have moved. Resolves when others are asked for. */
  async #keepFresh (generation: Generation, version: number): Promise<void> {
    const { cluster: { environment }, metadata: { maxAge }, changes, missing } = this.#with
    const { signal } = generation
    while (!signal.aborted && version === changes.version) {
      const age = missing.names.length === 0 ? maxAge : Math.min(maxAge, MISSING_MAX_AGE)
      await this.#stale.wait(age, environment, signal)
      // Errors of leaders come in numbers, and again until the new ones are known.
      if (!await sleep(environment.clock, jittered(STALE_PAUSE, environment), signal)) return
      await this.#look(LATER_PATIENCE).catch(throwFinal)
      generation.metadataChanged()
    }
  }

  async #leaveGeneration (ending: Ending): Promise<void> {
    const { cluster: { environment }, membership, options, listener, log, closing } = this.#with
    const { rebalanceTimeout, groupId } = options
    const generation = this.#generation!
    if (ending === 'lost') {
      this.#end()
      return listener.lost()
    }
    generation.stop()
    const drained = await drainBeforeRejoin({
      isAlive: () => membership.heartbeat(generation.assignment).then((beat) => beat !== 'lost', () => true),
      drain: () => listener.revoking().catch((err) => {
        log.error({ err, groupId }, 'the drain before a rebalance failed')
      }),
      interval: this.#heartbeatInterval,
      limit: rebalanceTimeout - 2 * this.#heartbeatInterval,
      signal: closing
    }, environment)
    closing.throwIfAborted()
    this.#end()
    if (!drained) listener.lost()
  }

  /** Ends the generation. Returns false when there was none. */
  #end (): boolean {
    const generation = this.#generation
    this.#generation = undefined
    generation?.end()
    return generation !== undefined
  }

  /**
   * Asks the cluster about the topics. Rejects when there is no answer within `patience` ms, and when it would not
   * change.
   */
  async #look (patience: number): Promise<void> {
    const { cluster, metadata, subscription, missing, closing, described } = this.#with
    const at = cluster.environment.clock.elapsed()
    await cluster.until(patience, (operation) => operation.repeat(() => subscription.refresh(operation)), closing)
    for (const topic of subscription.topics) {
      const { errorCode, leaders } = metadata.get(topic)
      if (errorCode === CODE.unknownTopicOrPartition) missing.isMissing(topic)
      metadata.throwIfRefused(topic)
      if (leaders.length > 0) missing.exists(topic)
    }
    // Behind the check for refused topics: a consumer that loses a right ends, and no rebalance comes first.
    this.#generation?.described()
    described(at)
  }
}

function throwFinal (error: unknown): void {
  if (isFinal(error)) throw error
}
