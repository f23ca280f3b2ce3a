import { sleep, type Clock } from '../../clock.js'
import type { TransportConsumer } from '../../transport/transport.js'
import type { Work } from '../partition/partition.js'

/** After this a group goes on without a member that drains, ms; the session time-out is half of it. */
export const REBALANCE_TIMEOUT = 60_000
/** How long a member that says nothing stays in its group, ms. */
export const SESSION_TIMEOUT = REBALANCE_TIMEOUT / 2

/** How often to look whether the coordinator is heard again, ms. */
const CHECK = 50

/** What a group's coordinator promises to a member that it hears: that nobody else has its partitions. */
export class Session {
  readonly #consumer: TransportConsumer
  readonly #clock: Clock
  readonly #timeout: number

  /** Without a group nobody else can have them. */
  constructor (groupId: string | null, consumer: TransportConsumer, clock: Clock) {
    this.#consumer = consumer
    this.#clock = clock
    this.#timeout = groupId === null ? Infinity : SESSION_TIMEOUT
  }

  /** It may be over: nothing was heard for as long as it lasts, be it that the process was frozen. */
  get isDoubtful (): boolean {
    return this.#clock.now() - this.#consumer.lastContact > this.#timeout
  }

  /** Waits until the coordinator is heard again; false when the message is no longer ours, or nobody waits for it. */
  async proven (work: Work, halt: AbortSignal): Promise<boolean> {
    while (this.isDoubtful) if (!await sleep(this.#clock, CHECK, halt)) return false
    return !work.owner.tracker.revoked
  }
}
