import type { Commit } from './coordinator.js'
import type { OffsetFetchAnswer, OffsetFetchRequest } from './starting-offsets.js'

interface JoinRequest {
  readonly groupProtocols: readonly [{ readonly name: string, readonly metadata: Buffer }]
}

interface SyncRequest {
  readonly groupAssignment: readonly [{ readonly memberAssignment: Buffer }]
}

/** What KafkaJS is told as the name of the group: it does not run without one. No node gets to see it. */
export const noGroup = 'no group'

/**
 * What KafkaJS gets as the coordinator of a consumer without a group: its only member is always the leader, and is given what it
 * assigns to itself. Offsets are kept here, for as long as the consumer lives; the cluster is told nothing.
 */
export class LoneCoordinator {
  readonly memberId = 'alone'
  generationId = 0
  readonly #offsets = new Map<string, Map<number, { readonly offset: string, readonly metadata: string }>>()

  isConnected (): boolean {
    return true
  }

  async joinGroup ({ groupProtocols: [{ name, metadata }] }: JoinRequest) {
    const { memberId } = this
    return { memberId, leaderId: memberId, generationId: ++this.generationId, groupProtocol: name, members: [{ memberId, memberMetadata: metadata }] }
  }

  async syncGroup ({ groupAssignment: [{ memberAssignment }] }: SyncRequest) {
    return { memberAssignment }
  }

  async heartbeat (): Promise<void> {}

  async leaveGroup (): Promise<void> {}

  async offsetFetch ({ topics }: OffsetFetchRequest): Promise<OffsetFetchAnswer> {
    const responses = topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, ...this.#offsets.get(topic)?.get(partition) ?? { offset: '-1', metadata: '' } }))
    }))
    return { responses }
  }

  async offsetCommit ({ topics }: Pick<Commit, 'topics'>): Promise<void> {
    for (const { topic, partitions } of topics) {
      const offsets = this.#offsets.get(topic) ?? new Map<number, { offset: string, metadata: string }>()
      for (const { partition, offset, metadata } of partitions) offsets.set(partition, { offset, metadata })
      this.#offsets.set(topic, offsets)
    }
  }

  /** The topic was deleted: offsets of one with the same name mean other records. */
  forget (topic: string): void {
    this.#offsets.delete(topic)
  }
}
