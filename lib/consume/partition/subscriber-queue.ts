import { setMaxListeners } from 'node:events'
import { Lanes, type Pause } from './lanes.js'
import type { Work } from './partition.js'
import type { ErasedPipeline } from '../pipeline/pipeline.js'

/** What is handled one after the other: the messages of a partition, those of a key in a partition, nothing. */
export type Ordering = 'partition' | 'key' | 'none'

/** One subscriber's share of a group. */
export interface GroupSubscriber {
  readonly topics: readonly string[]
  readonly ordering: Ordering
  readonly concurrency: number
  readonly pipeline: ErasedPipeline
}

export interface RunningSubscriber extends GroupSubscriber {
  readonly lanes: Lanes<Work>
  /** Aborts when nobody waits for another try. */
  halt: AbortController
  /** Its handler wants no more. */
  stopped: boolean
}

/** The subscribers of a group, each with its queues. */
export class Subscribers {
  readonly #subscribers: readonly RunningSubscriber[]
  readonly #byTopic = new Map<string, RunningSubscriber>()
  #dispatching = false

  /** `run` must not reject; it resolves to whether the work behind it may go on. */
  constructor (subscribers: readonly GroupSubscriber[], run: (subscriber: RunningSubscriber, work: Work, pause: Pause) => Promise<boolean>) {
    this.#subscribers = subscribers.map((subscriber) => {
      const running: RunningSubscriber = { ...subscriber, halt: halter(), stopped: false, lanes: new Lanes<Work>(subscriber.concurrency, (work, pause) => run(running, work, pause)) }
      return running
    })
    for (const subscriber of this.#subscribers) for (const topic of subscriber.topics) this.#byTopic.set(topic, subscriber)
  }

  of (topic: string): RunningSubscriber | undefined {
    return this.#byTopic.get(topic)
  }

  get size (): number {
    return this.#subscribers.length
  }

  /** Queues what there is to do in one partition of a topic that a subscriber reads. */
  push (topic: string, partition: string, work: readonly Work[]): void {
    const { lanes, ordering } = this.of(topic) as RunningSubscriber
    if (ordering === 'partition') lanes.push(partition, partition, work)
    else for (const each of work) lanes.push(partition, laneOf(partition, ordering, each), [each])
    if (this.#dispatching) lanes.dispatch()
  }

  /** From now on what is queued is handled. */
  dispatch (): void {
    this.#dispatching = true
    for (const { lanes } of this.#subscribers) lanes.dispatch()
  }

  /** Starts nothing more; what runs, runs on. */
  freeze (): void {
    for (const { lanes } of this.#subscribers) lanes.freeze()
  }

  /** What waits for another try stops waiting, and so does what fails from now on. */
  halt (): void {
    for (const { halt } of this.#subscribers) halt.abort()
  }

  thaw (): void {
    for (const subscriber of this.#subscribers) {
      if (!subscriber.stopped) subscriber.halt = halter()
      subscriber.lanes.thaw()
    }
  }

  /** Starts nothing of this subscriber any more, and tries nothing again. */
  stop (subscriber: RunningSubscriber): void {
    subscriber.stopped = true
    subscriber.lanes.stop()
    subscriber.halt.abort()
  }

  /** Resolves when nothing runs. */
  async idle (): Promise<void> {
    await Promise.all(this.#subscribers.map(({ lanes }) => lanes.idle()))
  }

  /** Tells what runs that nobody waits for it; its messages come again. */
  giveUp (reason: string): void {
    for (const { pipeline } of this.#subscribers) pipeline.giveUp(reason)
  }

  /** Drops what is queued. */
  clear (): void {
    for (const { lanes } of this.#subscribers) lanes.clear()
  }
}

/** By bytes: as text two keys that are no UTF-8 would be the same. What has no key stands alone, and a lane knows it again by its offset. */
function laneOf (partition: string, ordering: Ordering, { record: { key, offset } }: Work): string {
  return ordering === 'key' && key !== null ? `${partition}=${key.toString('latin1')}` : `${partition}@${offset}`
}

/** Any number of messages may wait for their next try: a listener each is no leak. */
function halter (): AbortController {
  const halt = new AbortController()
  setMaxListeners(0, halt.signal)
  return halt
}
