import { GenerationLostError, type StoredOffset, type TopicPartition } from '../../transport.js'
import { type TopicMetadata } from '../cluster/topic-metadata.js'
import { partitionId, topicOf } from '../group-by.js'
import { Assignment } from './assignment.js'
import { type Heartbeat, type Membership, type Stored } from './membership.js'

/**
 * Stands in for the group of a consumer that has none: it owns all partitions, and its offsets are kept here for as
 * long as it lives. No coordinator is asked, so none is needed, nor the right to ask one.
 */
export class LoneMembership implements Membership {
  readonly #topics: readonly string[]
  readonly #metadata: TopicMetadata
  readonly #stored = new Map<string, Stored>()
  #generationId = 0

  constructor (topics: readonly string[], metadata: TopicMetadata) {
    this.#topics = topics
    this.#metadata = metadata
  }

  async join (): Promise<Assignment> {
    const partitions = this.#topics.flatMap((topic) => {
      return this.#metadata.get(topic).leaders.map((_leader, partition) => ({ topic, partition }))
    })
    return new Assignment('', ++this.#generationId, partitions)
  }

  async heartbeat (): Promise<Heartbeat> {
    return 'alive'
  }

  async commit (assignment: Assignment, offsets: readonly StoredOffset[]): Promise<void> {
    if (assignment.generationId !== this.#generationId) throw new GenerationLostError('the generation is over')
    for (const { offset, metadata = '', ...partition } of offsets) {
      this.#stored.set(partitionId(partition), { offset, metadata })
    }
  }

  async fetchStored (partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, Stored>> {
    const known = partitions.map(partitionId).filter((id) => this.#stored.has(id))
    return new Map(known.map((id) => [id, this.#stored.get(id)!]))
  }

  async leave (): Promise<void> {}

  /** The topic was deleted: offsets of one with the same name mean other records. */
  forget (topic: string): void {
    for (const id of this.#stored.keys()) if (topicOf(id) === topic) this.#stored.delete(id)
  }
}
