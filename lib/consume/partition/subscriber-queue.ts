import type { MessagePlace } from '../../../types/index.js'
import type { Clock } from '../../clock.js'
import { inOwnContext } from '../../context.js'
import type { BatchSettings, Ordering } from '../../options/settings.js'
import { watchClose } from '../close-calls.js'
import type { TopicPartition } from '../../transport/transport.js'
import { ListenerCalls } from '../group/listener-calls.js'
import type { Delivery } from '../pipeline/delivery.js'
import type { Outcome } from '../pipeline/outcome.js'
import type { ErasedPipeline } from '../pipeline/pipeline.js'
import { createSlot, type Slot } from './batch-slot.js'
import { Ending } from './ending.js'
import { Gate } from './gate.js'
import { halter } from './halter.js'
import type { Lane } from './lane.js'
import { Lanes, type Pause, type Settlement } from './lanes.js'
import type { QueueEnvironment } from './queue-environment.js'
import type { Wait } from './record-slot.js'
import type { LaneItem } from './tracked-batch.js'
import type { TrackedRecord } from './tracked-record.js'

export type { QueueEnvironment }

/** Runs one message at a time. It has a name of its own and is used again: to make one costs 2 µs. */
type Runner = (item: LaneItem, pause: Pause, lane: Lane<LaneItem>) => Promise<boolean>

/** The records of one subscriber that wait for their turn, and those that run. */
export class SubscriberQueue {
  readonly pipeline: ErasedPipeline
  readonly lanes: Lanes<LaneItem>
  readonly ending: Ending
  readonly #group: QueueEnvironment
  /** Aborts when retries must not be waited for any longer. */
  #halt = halter()
  readonly #listener: ListenerCalls | undefined
  readonly #idleRunners: Runner[] = []
  /** Shut while the subscriber is paused. */
  readonly #gate = new Gate()
  #dispatching = false
  #frozen = false
  #stopped = false

  constructor (pipeline: ErasedPipeline, group: QueueEnvironment) {
    const { plan } = pipeline
    this.pipeline = pipeline
    this.#group = group
    // The end of one message starts the next one, which must not begin in the context of the first.
    const run: Runner = (item, pause, lane) => inOwnContext(() => this.runNext(item, pause, lane))
    this.lanes = new Lanes<LaneItem>(plan.concurrency, group.pace, run)
    this.lanes.freeze()
    plan.reader?.connect((places) => { this.lanes.resize(places) })
    this.#listener = plan.listener && new ListenerCalls(plan.listener, plan, group)
    this.ending = new Ending({ lanes: this.lanes, pipeline, listener: this.#listener, environment: group })
  }

  get topics (): readonly string[] {
    return this.pipeline.plan.topics
  }

  get ordering (): Ordering {
    return this.pipeline.plan.ordering
  }

  get batch (): BatchSettings | undefined {
    return this.pipeline.plan.batch
  }

  get clock (): Clock {
    return this.#group.clock
  }

  /** Whether its handler has thrown `StopConsume`. */
  get stopped (): boolean {
    return this.#stopped
  }

  /** From now on queued records are handled; before, they only wait. */
  dispatch (): void {
    this.#dispatching = true
    this.#listener?.dispatch()
    this.#startIfAllowed()
  }

  get paused (): boolean {
    return this.#gate.isShut
  }

  /** Starts no message and no further attempt until {@link resume}; what runs may end. */
  pause (): void {
    this.#gate.shut()
    this.lanes.freeze()
  }

  resume (): void {
    this.#gate.open()
    this.#startIfAllowed()
  }

  /** Starts nothing more until {@link thaw}; what runs may end. */
  freeze (): void {
    this.#frozen = true
    this.lanes.freeze()
  }

  /** Starts records again, and allows retries again unless the subscriber is stopped. */
  thaw (): void {
    this.#frozen = false
    this.pipeline.plan.reader?.resume()
    if (!this.#stopped) this.#halt = halter()
    this.#startIfAllowed()
  }

  #startIfAllowed (): void {
    if (!this.#dispatching || this.#frozen || this.paused) return
    const telling = this.#listener?.calling
    if (telling === undefined) this.lanes.thaw()
    else telling.then(() => { this.#startIfAllowed() })
  }

  /** Ends all waits for a retry, and refuses new ones: those messages stay unsettled. So does what a reader has. */
  halt (reason: string): void {
    this.#halt.abort()
    this.lanes.letReturn()
    this.pipeline.plan.reader?.drain(reason)
  }

  /**
   * Drops queued records, ends the waits for retries, and gives up running handlers: all of these messages are
   * redelivered.
   */
  revoke (reason: string): void {
    this.#halt.abort()
    this.lanes.clear()
    this.lanes.letReturn()
    this.pipeline.giveUp(reason)
    this.#listener?.lost()
  }

  /** Starts nothing more for good, and retries nothing. */
  stop (): void {
    this.#stopped = true
    this.lanes.stop()
    this.#halt.abort()
    this.lanes.letReturn()
    this.pipeline.plan.reader?.end()
  }

  /** A generation begins: messages are handled once the rebalance listener has been told. */
  assigned (partitions: readonly TopicPartition[]): void {
    this.pipeline.assigned?.(partitions)
    if (this.#listener === undefined || this.#stopped) return
    this.lanes.freeze()
    this.#listener.assigned(partitions.map(({ topic, partition }) => ({ topic, partition })))
  }

  /** Handles one item until its outcome is known. Resolves to whether those behind it may run. Never rejects. */
  runNext (item: LaneItem, pause: Pause, lane: Lane<LaneItem>): Promise<boolean> {
    return this.#group.session.isDoubtful ? this.#runIfProven(item, pause, lane) : this.#run(item, pause, lane)
  }

  async #runIfProven (item: LaneItem, pause: Pause, lane: Lane<LaneItem>): Promise<boolean> {
    const { partition } = item
    if (await this.#group.session.proven(partition, this.#halt.signal)) return await this.#run(item, pause, lane)
    partition.release(item.size, item.count)
    return false
  }

  #run (item: LaneItem, pause: Pause, lane: Lane<LaneItem>): Promise<boolean> {
    return (this.#idleRunners.pop() ?? this.#createRunner())(item, pause, lane)
  }

  #createRunner (): Runner {
    let running: LaneItem | undefined
    const name = watchClose(this.#group.events, () => { if (running !== undefined) this.ending.closes(running) })
    const { [name]: run } = {
      [name]: async (item: LaneItem, pause: Pause, lane: Lane<LaneItem>) => {
        const slot = createSlot(this, item, pause, lane)
        const delivery = slot.createDelivery()
        const { partition, size, count } = item
        let outcome: Outcome | 'broken'
        running = item
        try {
          outcome = await this.pipeline.run(delivery, slot)
        } catch (err) {
          outcome = this.#broken(err, delivery)
        }
        running = undefined
        this.#idleRunners.push(run!)
        this.#ended(item, slot, outcome)
        partition.release(size, count)
        return outcome !== 'unsettled' && outcome !== 'stop'
      }
    }
    return run!
  }

  /** A pipeline does not reject. If it does, that is a bug: its message stays unsettled. */
  #broken (err: unknown, delivery: Delivery): 'broken' {
    const { log } = this.#group
    const { name: subscriber, groupId } = this.pipeline.plan
    const details = { err, subscriber, groupId, ...delivery.place, correlationId: delivery.correlationId(log) }
    log.error(details, 'a message was left unsettled by an unexpected error')
    return 'broken'
  }

  #ended (item: LaneItem, slot: Slot, outcome: Outcome | 'broken'): void {
    this.ending.ended(item)
    if (outcome === 'settled') slot.settle()
    slot.tellUnsettled()
    if (outcome === 'stop') this.#group.onStop(this)
  }

  /**
   * Waits with `item` until `over` resolves; with `beforeAttempt` also until the subscriber is not paused. False when
   * the queue was halted or the partition revoked, also if that happened after the wait.
   */
  async wait ({ partition }: LaneItem, { over, beforeAttempt }: Wait, pause: Pause): Promise<boolean> {
    const { clock, session } = this.#group
    const { signal } = this.#halt
    const isHeldBack = (): boolean => beforeAttempt && this.paused
    const goesOn = (): boolean => !signal.aborted
    let isOver = await pause(over(signal, clock), goesOn)
    // Asked each time: the subscriber may be paused while the item waits for a place.
    while (isOver && isHeldBack()) isOver = await pause(this.#gate.opened(signal), goesOn)
    return isOver && !signal.aborted && await session.proven(partition, signal)
  }

  /** Settles `item`. False when it was settled before, or when its partition was revoked. */
  settle (item: TrackedRecord, outcome: Settlement): boolean {
    const { clock, committer, events: { settled } } = this.#group
    const now = clock.elapsed()
    if (!item.partition.settle(item, now)) return false
    committer.moved()
    if (settled.active) {
      settled.emit(Object.assign(this.#placeOf(item), { outcome, duration: now - item.receivedAt }))
    }
    return true
  }

  /** Tells that a record has been given up. */
  tellUnsettled (item: TrackedRecord): void {
    const { unsettled } = this.#group.events
    if (unsettled.active) unsettled.emit(this.#placeOf(item))
  }

  #placeOf ({ partition: { topic, partition }, offset, takenBy }: TrackedRecord): MessagePlace {
    const { groupId, name: subscriber } = this.pipeline.plan
    return { ...this.#group.events.identity, groupId, subscriber: takenBy ?? subscriber, topic, partition, offset }
  }
}
