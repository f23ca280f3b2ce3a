import { sleep, type Clock } from '../../clock.js'
import type { TransportConsumer } from '../../transport/transport.js'
import type { Partition } from '../partition/partition.js'

/** Interval of the checks whether the coordinator answers again, ms. */
const CHECK = 50

/** The membership in a group: while the coordinator hears a member, no other member owns its partitions. */
export class Session {
  readonly #consumer: TransportConsumer
  readonly #clock: Clock
  readonly #timeout: number

  /** Without a group no other member exists. `sessionTimeout`: ms. */
  constructor (groupId: string | null, consumer: TransportConsumer, clock: Clock, sessionTimeout: number) {
    this.#consumer = consumer
    this.#clock = clock
    this.#timeout = groupId === null ? Infinity : sessionTimeout
  }

  /**
   * True when the coordinator has not answered for a whole session time-out, for example because the process was
   * suspended: another member may own our partitions.
   */
  get isDoubtful (): boolean {
    return this.#clock.elapsed() - this.#consumer.lastContact > this.#timeout
  }

  /**
   * Waits until the coordinator answers again. Resolves to whether the partition is still owned; false, too, when
   * `halt` aborts.
   */
  async proven ({ tracker }: Partition, halt: AbortSignal): Promise<boolean> {
    while (this.isDoubtful) if (!await sleep(this.#clock, CHECK, halt)) return false
    return !tracker.revoked
  }
}
