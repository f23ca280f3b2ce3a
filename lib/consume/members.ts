import { Lanes } from './lanes.js'
import type { Work } from './owned-partition.js'
import type { Pipeline } from './pipeline.js'

/** One subscriber's share of a group. */
export interface Member {
  readonly topics: readonly string[]
  readonly concurrency: number
  readonly pipeline: Pipeline
}

export interface Working extends Member {
  readonly lanes: Lanes<Work>
}

/** The subscribers of a group, each with its queues. */
export class Members {
  readonly #members: readonly Working[]
  readonly #byTopic = new Map<string, Working>()
  #dispatching = false

  /** `run` must not reject. */
  constructor (members: readonly Member[], run: (pipeline: Pipeline, work: Work) => Promise<void>) {
    this.#members = members.map((member) => ({ ...member, lanes: new Lanes<Work>(member.concurrency, (work) => run(member.pipeline, work)) }))
    for (const member of this.#members) for (const topic of member.topics) this.#byTopic.set(topic, member)
  }

  of (topic: string): Working | undefined {
    return this.#byTopic.get(topic)
  }

  /** Queues what there is to do in one partition of a topic that a member reads. */
  push (topic: string, lane: string, work: readonly Work[]): void {
    const { lanes } = this.of(topic) as Working
    lanes.push(lane, work)
    if (this.#dispatching) lanes.dispatch()
  }

  /** From now on what is queued is handled. */
  dispatch (): void {
    this.#dispatching = true
    for (const { lanes } of this.#members) lanes.dispatch()
  }

  /** Starts nothing more; what runs, runs on. */
  freeze (): void {
    for (const { lanes } of this.#members) lanes.freeze()
  }

  thaw (): void {
    for (const { lanes } of this.#members) lanes.thaw()
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
