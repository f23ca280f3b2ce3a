import type { RebalanceListener } from '../../../types/index.js'
import { within } from '../../clock.js'
import { inOwnContext } from '../../context.js'
import type { TopicPartition } from '../../transport/transport.js'
import type { Environment } from '../environment.js'
import type { SubscriberSettings } from '../pipeline/subscriber-plan.js'

type Call = keyof RebalanceListener

/** Partitions of one generation. */
export interface Assignment {
  readonly partitions: readonly TopicPartition[]
  /** Whether the listener has been told. */
  told: boolean
}

/**
 * Calls of one subscriber's rebalance listener: one after the other, none before {@link dispatch}, each in an async
 * context of its own. An error is logged, and so is a call that does not end in time: the group goes on in both cases.
 */
export class ListenerCalls {
  readonly #listener: RebalanceListener
  readonly #plan: Pick<SubscriberSettings, 'name' | 'groupId' | 'handlerTimeout'>
  readonly #environment: Pick<Environment, 'clock' | 'log'>
  #assignment: Assignment | undefined
  #dispatching = false
  #calling: Promise<void> | undefined

  constructor (
    listener: RebalanceListener,
    plan: Pick<SubscriberSettings, 'name' | 'groupId' | 'handlerTimeout'>,
    environment: Pick<Environment, 'clock' | 'log'>
  ) {
    this.#listener = listener
    this.#plan = plan
    this.#environment = environment
  }

  /** Resolves when no call is under way; undefined when none is. */
  get calling (): Promise<void> | undefined {
    return this.#calling
  }

  /** Partitions that are assigned now. */
  get assignment (): Assignment | undefined {
    return this.#assignment
  }

  /** From now on the listener is called: other plugins have created what it may need. */
  dispatch (): void {
    this.#dispatching = true
    this.#tell()
  }

  assigned (partitions: readonly TopicPartition[]): void {
    this.#assignment = { partitions, told: false }
    this.#tell()
  }

  /** Resolves when the listener has given up the partitions, and after `ms` at the latest. */
  async revoked (assignment: Assignment | undefined, ms: number): Promise<void> {
    const { clock } = this.#environment
    if (assignment === this.#assignment) this.#release('onRevoked', ms)
    if (this.#calling !== undefined) await within(clock, ms, this.#calling)
  }

  /** Partitions that were not revoked before are lost. */
  lost (): void {
    this.#release(this.#listener.onLost === undefined ? 'onRevoked' : 'onLost', this.#plan.handlerTimeout)
  }

  #tell (): void {
    const assignment = this.#assignment
    if (!this.#dispatching || assignment === undefined || assignment.told) return
    assignment.told = true
    this.#call('onAssigned', assignment.partitions, this.#plan.handlerTimeout)
  }

  /** Tells nothing of partitions of which the listener has not heard. */
  #release (name: Call, ms: number): void {
    const assignment = this.#assignment
    this.#assignment = undefined
    if (assignment?.told === true && assignment.partitions.length > 0) this.#call(name, assignment.partitions, ms)
  }

  /** Calls once the calls before have ended, or have had their time. */
  #call (name: Call, partitions: readonly TopicPartition[], ms: number): void {
    const { clock } = this.#environment
    const deadline = clock.elapsed() + ms
    const before = this.#calling ?? Promise.resolve()
    const calling = before.then(() => this.#run(name, partitions, Math.max(0, deadline - clock.elapsed())))
    this.#calling = calling
    calling.then(() => { if (this.#calling === calling) this.#calling = undefined })
  }

  /** Never rejects. */
  async #run (name: Call, partitions: readonly TopicPartition[], ms: number): Promise<void> {
    const { clock, log } = this.#environment
    const { name: subscriber, groupId } = this.#plan
    const listener = this.#listener
    try {
      const call = inOwnContext(async () => { await listener[name]?.(partitions) })
      if (await within(clock, ms, call)) return
      const details = { subscriber, groupId, call: name, timeout: Math.round(ms) }
      log.error(details, 'the rebalance listener did not end in time: the group goes on')
    } catch (err) {
      log.error({ err, subscriber, groupId, call: name }, 'the rebalance listener failed: the group goes on')
    }
  }
}
