import type { JoinGroupAnswer, OffsetFetchAnswer, Requests } from '../../lib/transport/kafka/wire.js'
import type { Cluster } from './cluster.js'
import { CODE } from './codes.js'
import { Group } from './group.js'
import type { Node } from './node.js'

const LARGEST_METADATA = 4096
/** How long a coordinator waits for what it stores to be replicated, ms. */
const STORE_TIMEOUT = 5000
const LONGEST_LOAD = 1500

export interface CoordinatorView {
  readonly nodeId: number
  readonly epoch: number
}

/** Who asks. */
export interface Client {
  readonly name: string
}

/** The groups in the memory of one node, which has them while it is the coordinator. All groups have the same one. */
export class Coordinator {
  readonly #node: Node
  readonly #cluster: Cluster
  #view: CoordinatorView = { nodeId: -1, epoch: -1 }
  #groups = new Map<string, Group>()
  #loading = false

  constructor (node: Node, cluster: Cluster) {
    this.#node = node
    this.#cluster = cluster
  }

  get nodeId (): number {
    return this.#view.nodeId
  }

  /** Who has the groups from now on. What waits here is told to go there. */
  learn (view: CoordinatorView): void {
    if (view.epoch <= this.#view.epoch) return
    const isFirst = view.epoch === 1 && this.#view.epoch < 0 && this.#cluster.scheduler.now === 0
    this.#view = view
    const groups = this.#groups
    this.#groups = new Map()
    for (const group of groups.values()) group.end()
    if (view.nodeId !== this.#node.id || isFirst) return
    this.#loading = true
    this.#node.process.schedule(this.#cluster.random.integer(0, LONGEST_LOAD), () => {
      if (view === this.#view) this.#load()
    })
  }

  #load (): void {
    this.#loading = false
    for (const groupId of this.#cluster.store.groups) this.group(groupId)
  }

  /** Members of loaded groups have sessions, also before the first request for the group. */
  group (groupId: string): Group {
    let group = this.#groups.get(groupId)
    if (group === undefined) {
      const { store } = this.#cluster
      group = new Group(
        groupId,
        this.#node.process,
        (snapshot) => this.#isCurrent && store.save(groupId, snapshot),
        () => this.#nextId(groupId),
        store.snapshot(groupId)
      )
      this.#groups.set(groupId, group)
    }
    return group
  }

  /** False of a node that was frozen and has not heard yet that others went on. */
  get #isCurrent (): boolean {
    return this.#cluster.coordinator.epoch === this.#view.epoch && this.#view.nodeId === this.#node.id
  }

  #nextId (groupId: string): string {
    return `${groupId}-${this.#node.id}.${this.#view.epoch}.${this.#cluster.store.nextMember()}`
  }

  /** What keeps it from answering for a group. */
  get refusal (): number {
    if (this.#view.nodeId !== this.#node.id) return CODE.notCoordinator
    return this.#loading ? CODE.coordinatorLoadInProgress : CODE.none
  }

  join (request: Requests['JoinGroup']['parameters'], { name }: Client): Promise<JoinGroupAnswer> {
    const { refusal } = this
    if (refusal !== CODE.none) {
      return Promise.resolve({
        errorCode: refusal, generationId: -1, protocol: '', leaderId: '', memberId: request.memberId, members: []
      })
    }
    return new Promise((resolve) => {
      this.group(request.groupId).join(request, (answer) => {
        this.#cluster.owners.set(answer.memberId, name)
        resolve(answer)
      })
    })
  }

  sync (request: Requests['SyncGroup']['parameters']): Promise<Requests['SyncGroup']['answer']> {
    const { refusal } = this
    if (refusal !== CODE.none) return Promise.resolve({ errorCode: refusal, assignment: Buffer.alloc(0) })
    return new Promise((resolve) => { this.group(request.groupId).sync(request, resolve) })
  }

  heartbeat ({ groupId, memberId, groupInstanceId, generationId }: Requests['Heartbeat']['parameters']): number {
    return this.refusal || this.group(groupId).heartbeat(memberId, groupInstanceId, generationId)
  }

  leave ({ groupId, memberId, groupInstanceId }: Requests['LeaveGroup']['parameters']): number {
    return this.refusal || this.group(groupId).leave(memberId, groupInstanceId)
  }

  async commit (request: Requests['OffsetCommit']['parameters']): Promise<Requests['OffsetCommit']['answer']> {
    const { groupId, memberId, groupInstanceId, generationId, topics } = request
    let errorCode = this.refusal || this.group(groupId).checkCommit(memberId, groupInstanceId, generationId)
    if (errorCode === CODE.none && !this.#isCurrent) {
      await this.#node.wait(STORE_TIMEOUT, () => this.refusal !== CODE.none)
      errorCode = this.refusal || CODE.coordinatorNotAvailable
    }
    const since = errorCode === CODE.none ? this.group(groupId).since : 0
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, offset, metadata }) => {
          const refusal = errorCode || this.#refusalOf(topic, partition, metadata)
          const stale = (this.#node.view(topic, partition)?.partition.createdAt ?? 0) > since
          // Of a topic that is gone nothing is kept, whether this node has heard of it or not.
          const isThere = this.#cluster.partitions(topic).length > partition
          if (refusal === CODE.none && isThere) {
            this.#cluster.store.commit(
              { groupId, topic, partition, offset, at: this.#cluster.scheduler.now, stale }, metadata
            )
          }
          return { partition, errorCode: refusal }
        })
      }))
    }
  }

  #refusalOf (topic: string, partition: number, metadata: string): number {
    if (this.#node.view(topic, partition) === undefined) return CODE.unknownTopicOrPartition
    return Buffer.byteLength(metadata) > LARGEST_METADATA ? CODE.offsetMetadataTooLarge : CODE.none
  }

  offsets ({ groupId, topics }: Requests['OffsetFetch']['parameters']): OffsetFetchAnswer {
    const { refusal } = this
    if (refusal !== CODE.none) return { errorCode: refusal, topics: [] }
    return {
      errorCode: CODE.none,
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => {
          const { offset, metadata } = this.#cluster.store.offset(groupId, topic, partition) ?? {
            offset: -1n, metadata: ''
          }
          return { partition, errorCode: CODE.none, offset, metadata }
        })
      }))
    }
  }
}
