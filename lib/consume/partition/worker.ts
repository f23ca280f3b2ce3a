import { sleep, type Clock } from '../../clock.js'
import { inOwnContext } from '../../context.js'
import type { Log } from '../../log.js'
import type { Committer } from '../group/committer.js'
import type { Pause } from './lanes.js'
import type { RunningSubscriber } from './subscriber-queue.js'
import type { Work } from './partition.js'
import { Delivery } from '../pipeline/delivery.js'
import type { Outcome } from '../pipeline/outcome.js'
import type { Session } from '../group/session.js'

/** What happens when it is a message's turn: its pipeline runs, and what came of it is settled, to be committed. */
export class Worker {
  readonly #session: Session
  readonly #committer: Committer
  readonly #onStop: (subscriber: RunningSubscriber) => void
  readonly #clock: Clock
  readonly #log: Log

  /** `onStop`: a handler wants no more messages. */
  constructor (session: Session, committer: Committer, onStop: (subscriber: RunningSubscriber) => void, clock: Clock, log: Log) {
    this.#session = session
    this.#committer = committer
    this.#onStop = onStop
    this.#clock = clock
    this.#log = log
  }

  /** Resolves to whether what waits behind it may go on: not if it comes again, for that would come before it. Never rejects. */
  run (subscriber: RunningSubscriber, work: Work, pause: Pause): Promise<boolean> {
    return inOwnContext(() => this.#run(subscriber, work, pause))
  }

  async #run (subscriber: RunningSubscriber, work: Work, pause: Pause): Promise<boolean> {
    const { owner, record } = work
    const { topic, partition } = owner
    let outcome: Outcome | undefined
    if (this.#session.isDoubtful && !await this.#session.proven(work, subscriber.halt.signal)) {
      owner.release(record.size)
      return false
    }
    try {
      outcome = await subscriber.pipeline.run(new Delivery(topic, partition, record), { wait: (ms) => this.#wait(subscriber, work, ms, pause), settle: () => { this.#settle(work) } })
    } catch (err) {
      // A pipeline does not reject. If it does, its message stays unsettled, and nothing behind it is committed.
      this.#log.error({ err, topic, partition, offset: String(record.offset) }, 'a message was left unsettled by an error that nobody expected')
    }
    if (outcome === 'settled') this.#settle(work)
    if (outcome === 'stop') this.#onStop(subscriber)
    owner.release(record.size)
    return outcome !== 'unsettled' && outcome !== 'stop'
  }

  /** That nobody waits for it any longer may turn out when the wait is over and others run. */
  async #wait ({ halt: { signal } }: RunningSubscriber, work: Work, ms: number, pause: Pause): Promise<boolean> {
    return await pause(sleep(this.#clock, ms, signal)) && !signal.aborted && await this.#session.proven(work, signal)
  }

  #settle (work: Work): void {
    if (work.owner.tracker.settle(work)) this.#committer.moved()
  }
}
