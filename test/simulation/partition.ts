import { Replica } from './replica.js'

/** One partition as the controller sees it. What a node believes of it may be older. */
export class Partition {
  readonly topic: string
  readonly partition: number
  readonly replicas: ReadonlyMap<number, Replica>
  /** −1: none that could. */
  leader: number
  epoch = 0
  /** The first offset of the leader's epoch: the end of its log when it was elected. */
  epochStart = 0
  readonly inSync: Set<number>
  /** Followers pull nothing. */
  stalled = false
  /** Virtual time */
  readonly createdAt: number

  constructor (topic: string, partition: number, nodes: readonly number[], createdAt: number) {
    this.topic = topic
    this.partition = partition
    this.createdAt = createdAt
    this.replicas = new Map(nodes.map((id) => [id, new Replica(id)]))
    this.leader = nodes[partition % nodes.length]!
    this.inSync = new Set(nodes)
  }

  /** The copy of the leader; of any that was in sync last when there is none. */
  get newest (): Replica {
    const [anyone] = this.inSync
    return this.replicas.get(this.leader < 0 ? anyone! : this.leader)!
  }

  replica (nodeId: number): Replica {
    return this.replicas.get(nodeId)!
  }

  elect (leader: number): void {
    this.leader = leader
    this.epoch++
    if (leader >= 0) this.epochStart = this.replica(leader).end
  }

  /** Of replicas in sync only: an acknowledged record survives. */
  electFrom (candidates: readonly number[]): void {
    this.elect(candidates.find((id) => this.inSync.has(id)) ?? -1)
  }

  /** What all in-sync replicas have is committed: readers see it, and it is acknowledged. */
  advance (): void {
    if (this.leader < 0) return
    const leader = this.replica(this.leader)
    const committed = Math.min(...Array.from(this.inSync, (id) => this.replica(id).end))
    leader.highWatermark = Math.max(leader.highWatermark, committed)
  }
}
