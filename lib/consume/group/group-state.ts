import type { SubscriberHealth } from '../../../types/index.js'
import type { Clock } from '../../clock.js'
import { REBALANCE_TIMEOUT } from './session.js'

type State = SubscriberHealth['state']

export interface LastError {
  readonly error: Error
  /** ms since the epoch */
  readonly at: number
}

/** How long the cluster may be silent before the consumer counts as failed, ms. It answers each second. */
const SILENCE = 10_000

/** The state of a group's consumer, for `health()`. */
export class GroupState {
  readonly #clock: Clock
  #state: State = 'joining'
  #since: number
  #lastError: LastError | undefined

  constructor (clock: Clock) {
    this.#clock = clock
    this.#since = clock.now()
  }

  enter (state: State): void {
    if (this.#state === 'closed') return
    this.#state = state
    this.#since = this.#clock.now()
  }

  failed (error: Error): void {
    this.enter('failed')
    this.noted(error)
  }

  noted (error: Error): void {
    this.#lastError = { error, at: this.#clock.now() }
  }

  get lastError (): LastError | undefined {
    return this.#lastError
  }

  /** The state now: a consumer to which the cluster has been silent for too long has failed. `lastContact`: ms since the epoch. */
  state (lastContact: number): State {
    const now = this.#clock.now()
    if (this.#state === 'rebalancing' && now - this.#since > REBALANCE_TIMEOUT) return 'failed'
    if (this.#state === 'reading' && now - Math.max(lastContact, this.#since) > SILENCE) return 'failed'
    return this.#state
  }
}
