import type { BrokerPressure } from '../../../types/index.js'
import type { Broker } from '../../broker/broker.js'
import { pressureOf } from '../../broker/pressure.js'
import type { Clock } from '../../clock.js'

/** Time from one look at the load to the next, ms. */
const INTERVAL = 100
/** The rates from the highest to the lowest, and the part of the time for which messages are started. */
const RATES: ReadonlyArray<readonly [rate: BrokerPressure['subscribers'], share: number]> = [
  ['running', 1], ['slowed', 0.5], ['paused', 0.1]
]

/**
 * Couples a broker with the event loop of the process. Handlers and requests share it: when it is late, fewer messages
 * are started, and their partitions stay where they are. Even then some are started, so that health tells the truth.
 * Subscribers rest after each turn of the event loop, not for a whole interval: messages that start in a burst would
 * delay each request that comes meanwhile.
 */
export class Coupling {
  readonly #broker: Broker
  #level = 0
  #told: BrokerPressure | undefined
  #cancel: (() => void) | undefined

  constructor (broker: Broker) {
    this.#broker = broker
  }

  start (clock: Clock): void {
    const due = clock.elapsed() + INTERVAL
    this.#cancel = clock.schedule(INTERVAL, () => {
      this.start(clock)
      this.#adapt(clock.elapsed() - due)
      this.#tell()
    })
  }

  stop (): void {
    this.#cancel?.()
  }

  /** `delay`: how late the event loop is, ms. One step at a time: it takes a while until a step shows. */
  #adapt (delay: number): void {
    const { settings: { pressure: { eventLoopDelay } }, connection } = this.#broker
    if (eventLoopDelay === 0) return
    if (delay > eventLoopDelay) this.#level = Math.min(this.#level + 1, RATES.length - 1)
    else if (delay < eventLoopDelay / 2) this.#level = Math.max(this.#level - 1, 0)
    const [rate, share] = RATES[this.#level]!
    this.#broker.rate = rate
    connection?.share(share)
  }

  #tell (): void {
    const { pressureChanged, identity } = this.#broker.events
    if (!pressureChanged.active) return
    const now = pressureOf(this.#broker)
    const isNew = this.#told === undefined ? now.high || now.subscribers !== 'running' : differs(this.#told, now)
    if (!isNew) return
    this.#told = now
    pressureChanged.emit({ ...identity, ...now })
  }
}

function differs (one: BrokerPressure, other: BrokerPressure): boolean {
  return one.subscribers !== other.subscribers || one.reasons.join() !== other.reasons.join()
}
