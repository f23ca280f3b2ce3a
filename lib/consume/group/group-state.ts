import type { SubscriberHealth } from '../../../types/index.js'
import type { Clock } from '../../clock.js'
import type { GroupSettings } from '../../options/settings.js'

/** A consumer is not paused: single subscribers of it are. */
type State = Exclude<SubscriberHealth['state'], 'paused'>

export interface LastError {
  readonly error: Error
  /** ms since the epoch */
  readonly at: number
}

/** Time that the cluster may be silent before the consumer counts as failed, ms; or twice its usual silence. */
const SILENCE = 10_000

/** The state of a group's consumer, for `health()`. */
export class GroupState {
  readonly #clock: Clock
  readonly #rebalanceTimeout: number
  /** ms */
  readonly #silence: number
  readonly #onChange: (state: State, previous: State, error: Error | undefined) => void
  #state: State = 'joining'
  #since: number
  #lastError: LastError | undefined

  /** A consumer that rebalances for longer than `rebalanceTimeout` has failed. */
  constructor (
    clock: Clock,
    { rebalanceTimeout, contactInterval = 0 }: Pick<GroupSettings, 'rebalanceTimeout' | 'contactInterval'>,
    onChange: (state: State, previous: State, error: Error | undefined) => void = () => {}
  ) {
    this.#clock = clock
    this.#rebalanceTimeout = rebalanceTimeout
    this.#silence = Math.max(SILENCE, 2 * contactInterval)
    this.#onChange = onChange
    this.#since = clock.elapsed()
  }

  /** `closed` is final. `error`: why the state is `failed` or `stopped`. */
  enter (state: State, error?: Error): void {
    const previous = this.#state
    if (previous === 'closed') return
    this.#state = state
    this.#since = this.#clock.elapsed()
    if (state !== previous) this.#onChange(state, previous, error)
  }

  failed (error: Error): void {
    this.noted(error)
    this.enter('failed', error)
  }

  /** The consumer has ended for good. */
  ended (error: Error): void {
    this.noted(error)
    this.enter('stopped', error)
  }

  noted (error: Error): void {
    this.#lastError = { error, at: this.#clock.now() }
  }

  get lastError (): LastError | undefined {
    return this.#lastError
  }

  /**
   * The state now: a consumer to which the cluster has been silent for too long has failed. `lastContact`: ms since
   * by the clock's `elapsed`.
   */
  state (lastContact: number): State {
    const now = this.#clock.elapsed()
    if (this.#state === 'rebalancing' && now - this.#since > this.#rebalanceTimeout) return 'failed'
    if (this.#state === 'reading' && now - Math.max(lastContact, this.#since) > this.#silence) return 'failed'
    return this.#state
  }
}
