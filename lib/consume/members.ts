import type { Clock } from '../clock.js'
import { Lanes, type Pause } from './lanes.js'
import type { Work } from './owned-partition.js'
import type { Pipeline } from './pipeline.js'
import { Waits } from './waits.js'

/** What is handled one after the other: the messages of a partition, those of a key in a partition, nothing. */
export type Ordering = 'partition' | 'key' | 'none'

/** One subscriber's share of a group. */
export interface Member {
  readonly topics: readonly string[]
  readonly ordering: Ordering
  readonly concurrency: number
  readonly pipeline: Pipeline
}

export interface Working extends Member {
  readonly lanes: Lanes<Work>
  readonly waits: Waits
  /** Its handler wants no more. */
  stopped: boolean
}

/** The subscribers of a group, each with its queues. */
export class Members {
  readonly #members: readonly Working[]
  readonly #byTopic = new Map<string, Working>()
  #dispatching = false

  /** `run` must not reject; it resolves to whether the work behind it may go on. */
  constructor (members: readonly Member[], clock: Clock, run: (member: Working, work: Work, pause: Pause) => Promise<boolean>) {
    this.#members = members.map((member) => {
      const working: Working = { ...member, waits: new Waits(clock), stopped: false, lanes: new Lanes<Work>(member.concurrency, (work, pause) => run(working, work, pause)) }
      return working
    })
    for (const member of this.#members) for (const topic of member.topics) this.#byTopic.set(topic, member)
  }

  of (topic: string): Working | undefined {
    return this.#byTopic.get(topic)
  }

  get size (): number {
    return this.#members.length
  }

  /** Queues what there is to do in one partition of a topic that a member reads. */
  push (topic: string, partition: string, work: readonly Work[]): void {
    const { lanes, ordering } = this.of(topic) as Working
    if (ordering === 'partition') lanes.push(partition, partition, work)
    else for (const each of work) lanes.push(partition, laneOf(partition, ordering, each), [each])
    if (this.#dispatching) lanes.dispatch()
  }

  /** From now on what is queued is handled. */
  dispatch (): void {
    this.#dispatching = true
    for (const { lanes } of this.#members) lanes.dispatch()
  }

  /** Starts nothing more but what lies before something that was started: else that could not be committed. What runs, runs on. */
  freeze (): void {
    for (const { lanes } of this.#members) lanes.freeze((work) => work.owner.isGap(work))
  }

  /** What waits for another try stops waiting where that is of no use before `end`, ms since the epoch; and so does what fails from now on. */
  endWaits (end: number): void {
    for (const { waits } of this.#members) waits.endBy(end)
  }

  thaw (): void {
    for (const member of this.#members) {
      if (!member.stopped) member.waits.thaw()
      member.lanes.thaw()
    }
  }

  /** Starts nothing of this member any more, and tries nothing again. */
  stop (member: Working): void {
    member.stopped = true
    member.lanes.stop()
    member.waits.halt()
  }

  /** Resolves when nothing runs. */
  async idle (): Promise<void> {
    await Promise.all(this.#members.map(({ lanes }) => lanes.idle()))
  }

  /** Tells what runs that nobody waits for it; its messages come again. */
  giveUp (reason: string): void {
    for (const { pipeline } of this.#members) pipeline.giveUp(reason)
  }

  /** Drops what is queued. */
  clear (): void {
    for (const { lanes } of this.#members) lanes.clear()
  }
}

/** By bytes: as text two keys that are no UTF-8 would be the same. What has no key stands alone, and a lane knows it again by its offset. */
function laneOf (partition: string, ordering: Ordering, { record: { key, offset } }: Work): string {
  return ordering === 'key' && key !== null ? `${partition}=${key.toString('latin1')}` : `${partition}@${offset}`
}
