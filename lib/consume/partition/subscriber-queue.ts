import { setMaxListeners } from 'node:events'
import type { MessagePlace } from '../../../types/index.js'
import { sleep, within } from '../../clock.js'
import { inOwnContext } from '../../context.js'
import { FASTSTREAM_ERR_CLOSE_IN_HANDLER } from '../../errors.js'
import type { Ordering } from '../../options/settings.js'
import { watchClose, type CloseWatcher } from '../close-calls.js'
import type { Environment } from '../environment.js'
import type { Committer } from '../group/committer.js'
import type { Session } from '../group/session.js'
import { Delivery } from '../pipeline/delivery.js'
import type { Outcome } from '../pipeline/outcome.js'
import type { ErasedPipeline } from '../pipeline/pipeline.js'
import { Gate } from './gate.js'
import { Lanes, type LaneSlot, type Pause, type Settlement } from './lanes.js'
import { RecordSlot } from './record-slot.js'
import type { LaneItem } from './tracked-record.js'

/** How long a drain waits for a handler that has called `app.close()`, ms. */
const CLOSER_GRACE = 250

/** Runs one message at a time. Its function has a name of its own and is used again: to make one costs 2 µs. */
interface Runner {
  readonly watcher: CloseWatcher
  readonly run: ErasedPipeline['run']
}

/** `ms` of a wait, and whether an attempt of the handler follows. */
type Wait = { readonly ms: number, readonly beforeAttempt: boolean }

/** What a queue knows of its group. */
export interface QueueEnvironment extends Environment {
  readonly session: Session
  readonly committer: Committer
  /** Called when a handler has thrown `StopConsume`. */
  readonly onStop: (queue: SubscriberQueue) => void
}

/** The records of one subscriber that wait for their turn, and those that run. */
export class SubscriberQueue {
  readonly pipeline: ErasedPipeline
  readonly lanes: Lanes<LaneItem>
  readonly #group: QueueEnvironment
  /** Aborts when retries must not be waited for any longer. */
  #halt = halter()
  /** The records whose handlers have called `app.close()` and run. */
  readonly #closers = new Set<LaneItem>()
  readonly #idleRunners: Runner[] = []
  /** Shut while the subscriber is paused. */
  readonly #gate = new Gate()
  #dispatching = false
  #frozen = false
  #stopped = false

  constructor (pipeline: ErasedPipeline, group: QueueEnvironment) {
    this.pipeline = pipeline
    this.#group = group
    // The end of one message starts the next one, which must not begin in the context of the first.
    const run = (item: LaneItem, pause: Pause): Promise<boolean> => inOwnContext(() => this.runNext(item, pause))
    this.lanes = new Lanes<LaneItem>(pipeline.plan.concurrency, run)
    this.lanes.freeze()
  }

  get topics (): readonly string[] {
    return this.pipeline.plan.topics
  }

  get ordering (): Ordering {
    return this.pipeline.plan.ordering
  }

  /** Whether its handler has thrown `StopConsume`. */
  get stopped (): boolean {
    return this.#stopped
  }

  /** From now on queued records are handled; before, they only wait. */
  dispatch (): void {
    this.#dispatching = true
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
    if (!this.#stopped) this.#halt = halter()
    this.#startIfAllowed()
  }

  #startIfAllowed (): void {
    if (this.#dispatching && !this.#frozen && !this.paused) this.lanes.thaw()
  }

  /** Ends all waits for a retry, and refuses new ones: those messages stay unsettled. */
  halt (): void {
    this.#halt.abort()
  }

  /**
   * Drops queued records, ends the waits for retries, and gives up running handlers: all of these messages are
   * redelivered.
   */
  revoke (reason: string): void {
    this.#halt.abort()
    this.lanes.clear()
    this.pipeline.giveUp(reason)
  }

  /** Starts nothing more for good, and retries nothing. */
  stop (): void {
    this.#stopped = true
    this.lanes.stop()
    this.#halt.abort()
  }

  /**
   * Resolves when no handler runs. A handler that awaits `app.close()` waits for this one: when no other runs, it is
   * given up.
   */
  async idle (): Promise<void> {
    await this.lanes.idle(() => this.#closers.size)
    if (this.#closers.size === 0) return
    const { clock, log } = this.#group
    // A handler that does not await the close ends soon.
    if (await within(clock, CLOSER_GRACE, this.lanes.idle())) return
    for (const { partition: { topic, partition }, offset } of this.#closers) {
      const err = new FASTSTREAM_ERR_CLOSE_IN_HANDLER(this.pipeline.plan.name)
      log.error({ err, topic, partition, offset: String(offset) }, 'a handler waits for app.close() and is given up')
    }
    this.pipeline.giveUp('its handler waits for app.close()')
  }

  /**
   * Handles one record until its outcome is known. Resolves to whether the records behind it in its lane may run.
   * Never rejects.
   */
  async runNext (item: LaneItem, pause: Pause): Promise<boolean> {
    const { partition, record } = item
    const { session } = this.#group
    if (session.isDoubtful && !await session.proven(partition, this.#halt.signal)) {
      partition.release(record.size)
      return false
    }
    const slot = new RecordSlot(this, item, pause)
    const outcome = await this.#run(item, slot)
    if (outcome === 'settled') slot.settle()
    if (slot.settlement === undefined) this.#tellUnsettled(item)
    if (outcome === 'stop') this.#group.onStop(this)
    partition.release(record.size)
    return outcome !== 'unsettled' && outcome !== 'stop'
  }

  /**
   * A pipeline does not reject. If it does, that is a bug: the message stays unsettled, and nothing behind it is
   * committed.
   */
  async #run (item: LaneItem, slot: LaneSlot): Promise<Outcome | 'broken'> {
    const { partition: { topic, partition }, record } = item
    const delivery = new Delivery(topic, partition, record)
    const runner = this.#idleRunners.pop() ?? this.#createRunner()
    const { watcher } = runner
    watcher.onClose = () => {
      this.#closers.add(item)
      this.lanes.checkIdle()
    }
    const outcome = await runner.run(delivery, slot).catch((err: unknown) => {
      const { log } = this.#group
      const { name: subscriber, groupId } = this.pipeline.plan
      const details = { err, subscriber, groupId, ...delivery.place, correlationId: delivery.correlationId(log) }
      log.error(details, 'a message was left unsettled by an unexpected error')
      return 'broken' as const
    })
    watcher.onClose = undefined
    this.#idleRunners.push(runner)
    this.#closers.delete(item)
    return outcome
  }

  #createRunner (): Runner {
    const watcher = watchClose(this.#group.events)
    const { [watcher.name]: run } = {
      [watcher.name]: async (delivery: Delivery, slot: LaneSlot) => await this.pipeline.run(delivery, slot)
    }
    return { watcher, run: run! }
  }

  /**
   * Waits `ms` with `item`; with `beforeAttempt` also until the subscriber is not paused. False when the queue was
   * halted or the partition revoked, also if that happened after the wait.
   */
  async wait ({ partition }: LaneItem, { ms, beforeAttempt }: Wait, pause: Pause): Promise<boolean> {
    const { clock, session } = this.#group
    const { signal } = this.#halt
    const isHeldBack = (): boolean => beforeAttempt && this.paused
    let isOver = await pause(sleep(clock, ms, signal))
    // Asked each time: the subscriber may be paused while the item waits for a place.
    while (isOver && isHeldBack()) isOver = await pause(this.#gate.opened(signal))
    return isOver && !signal.aborted && await session.proven(partition, signal)
  }

  /** Settles `item`. False when it was settled before, or when its partition was revoked. */
  settle (item: LaneItem, outcome: Settlement): boolean {
    const { clock, committer, events: { settled } } = this.#group
    const now = clock.elapsed()
    if (!item.partition.settle(item, now)) return false
    committer.moved()
    if (settled.active) settled.emit({ ...this.#placeOf(item), outcome, duration: now - item.receivedAt })
    return true
  }

  #tellUnsettled (item: LaneItem): void {
    const { unsettled } = this.#group.events
    if (unsettled.active) unsettled.emit(this.#placeOf(item))
  }

  #placeOf ({ partition: { topic, partition }, offset }: LaneItem): MessagePlace {
    const { groupId, name } = this.pipeline.plan
    return { ...this.#group.events.identity, groupId, subscriber: name, topic, partition, offset }
  }
}

/** Any number of messages may wait for a retry at once: a listener for each is no leak. */
function halter (): AbortController {
  const halt = new AbortController()
  setMaxListeners(0, halt.signal)
  return halt
}
