import { GenerationLostError, type StoredOffset, type TopicPartition } from '../../transport.js'
import { Assignment } from './assignment.js'
import type { Heartbeat, Membership, Stored } from './membership.js'
import type { Subscription } from './subscription.js'

/** A membership without a coordinator: the consumer owns all that it asks for, and no other member moves it. */
export abstract class MembershipOfOne implements Membership {
  readonly #subscription: Subscription
  #generationId = 0

  constructor (subscription: Subscription) {
    this.#subscription = subscription
  }

  async join (): Promise<Assignment> {
    return new Assignment('', ++this.#generationId, this.#subscription.partitions)
  }

  async heartbeat (): Promise<Heartbeat> {
    return 'alive'
  }

  async leave (): Promise<void> {}

  abstract commit (assignment: Assignment, offsets: readonly StoredOffset[]): Promise<void>
  abstract fetchStored (partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, Stored>>

  /** Throws when the generation is over: the topics have changed since. */
  protected assertCurrent ({ generationId }: Assignment): void {
    if (generationId !== this.#generationId) throw new GenerationLostError('the generation is over')
  }
}
