import type { Random } from './judge.js'
import type { BatchHeader } from './batches.js'
import { Coordinator, type CoordinatorView } from './coordinator.js'
import { Node } from './node.js'
import { Partition } from './partition.js'
import type { Appended } from './replica.js'
import type { Timeline } from './timeline.js'
import { replicate } from './replication.js'
import { GroupStore } from './group-store.js'

const NODES = [1, 2, 3]
export const MIN_IN_SYNC = 2
/** After this the controller takes a silent node for dead, ms. */
const BROKER_SESSION = 3000
/** How long a node that was frozen may believe what is over, ms. */
const LONGEST_ERROR = 3000

/** The brokers and their controller: who leads what, and what each node has heard of it. */
export class Cluster {
  readonly scheduler: Timeline
  readonly random: Random
  readonly nodes: ReadonlyMap<number, Node>
  readonly store = new GroupStore()
  /** Whose process a member of a group is. */
  readonly owners = new Map<string, string>()
  readonly #topics = new Map<string, Partition[]>()
  readonly #maxMessageBytes = new Map<string, number>()
  #version = 0
  #producerIds = 1000n
  /** Nodes that the controller takes for dead. */
  readonly #fenced = new Set<number>()
  coordinator: CoordinatorView = { nodeId: 1, epoch: 1 }

  constructor (scheduler: Timeline, random: Random) {
    this.scheduler = scheduler
    this.random = random
    this.nodes = new Map(NODES.map((id) => [id, new Node(id, scheduler, random)]))
    for (const node of this.nodes.values()) {
      node.learnNodes(0, NODES)
      node.coordinator = new Coordinator(node, this)
      node.coordinator.learn(this.coordinator)
    }
  }

  get addresses (): string[] { return Array.from(this.nodes.values(), ({ address }) => address) }

  node (id: number): Node { return this.nodes.get(id)! }

  nodeAt (address: string): Node | undefined {
    return [...this.nodes.values()].find((node) => node.address === address)
  }

  get live (): number[] { return NODES.filter((id) => !this.#fenced.has(id)) }

  nextProducerId (): bigint { return this.#producerIds++ }

  partitions (topic: string): readonly Partition[] { return this.#topics.get(topic) ?? [] }

  /** Bytes that one batch of the topic may have: its setting `max.message.bytes`. */
  maxMessageBytes (topic: string): number { return this.#maxMessageBytes.get(topic) ?? 1_048_588 }

  createTopic (topic: string, count: number, maxMessageBytes?: number): void {
    if (maxMessageBytes !== undefined) this.#maxMessageBytes.set(topic, maxMessageBytes)
    this.#topics.set(topic, [])
    this.addPartitions(topic, count)
  }

  addPartitions (topic: string, count: number): void {
    const partitions = this.#topics.get(topic)!
    for (let i = partitions.length; i < count; i++) {
      const partition = new Partition(topic, i, NODES, this.scheduler.now)
      for (const id of this.#fenced) if (partition.inSync.size > 1) partition.inSync.delete(id)
      if (!partition.inSync.has(partition.leader)) partition.electFrom(this.live)
      partitions.push(partition)
    }
    this.#tell(topic)
  }

  deleteTopic (topic: string): void {
    if (!this.#topics.delete(topic)) return
    this.store.forget(topic)
    this.#tell(topic)
  }

  deleteRecords (topic: string, partition: number, before: number): void {
    const found = this.partitions(topic)[partition]
    if (found === undefined) return
    for (const replica of found.replicas.values()) replica.deleteBefore(Math.min(before, replica.highWatermark))
  }

  /** At the leader by its own belief; followers pull what it has. */
  append (node: Node, partition: Partition, epoch: number, bytes: Buffer, header: BatchHeader): Appended {
    const appended = partition.replica(node.id).append(bytes, header, epoch, this.scheduler.now)
    if (appended.errorCode === 0) this.#replicate(partition)
    return appended
  }

  moveLeader (partition: Partition, to: number): void {
    if (!this.#topics.get(partition.topic)?.includes(partition) || partition.leader === to) return
    if (!partition.inSync.has(to) || this.#fenced.has(to)) return
    partition.elect(to)
    this.#tell(partition.topic)
    this.#replicate(partition)
  }

  /**
   * Followers pull nothing until {@link resumeFollowers}. Records wait to be committed as long as the followers are in
   * sync; `shrinks`: only the leader is.
   */
  stallFollowers (partition: Partition, shrinks: boolean): void {
    partition.stalled = true
    if (!shrinks || partition.leader < 0) return
    for (const id of partition.replicas.keys()) if (id !== partition.leader) partition.inSync.delete(id)
    this.#replicate(partition)
  }

  resumeFollowers (partition: Partition): void {
    partition.stalled = false
    this.#replicate(partition)
  }

  #replicate (partition: Partition): void {
    replicate(partition, this.nodes, (id) => this.#fenced.has(id), () => this.#latency())
  }

  kill (id: number): void {
    this.node(id).kill()
    this.#fenceLater(id)
  }

  freeze (id: number): void {
    this.node(id).process.freeze()
    this.#fenceLater(id)
  }

  /** After {@link kill} or {@link freeze}. */
  revive (id: number): void {
    const node = this.node(id)
    if (node.process.isAlive) node.process.thaw()
    else {
      node.restart()
      node.coordinator = new Coordinator(node, this)
    }
    this.scheduler.schedule(this.random.integer(50, 500), () => {
      if (node.process.isUp) this.#unfence(id)
    })
  }

  moveCoordinator (to: number): void {
    if (this.coordinator.nodeId === to) return
    this.coordinator = { nodeId: to, epoch: this.coordinator.epoch + 1 }
    const { coordinator } = this
    for (const node of this.nodes.values()) this.#later(node, () => { node.coordinator.learn(coordinator) })
  }

  #fenceLater (id: number): void {
    const { process } = this.node(id)
    this.scheduler.schedule(BROKER_SESSION, () => {
      if (!process.isUp && this.node(id).process === process) this.#fence(id)
    })
  }

  #fence (id: number): void {
    this.#fenced.add(id)
    for (const [topic, partitions] of this.#topics) {
      for (const partition of partitions) {
        if (partition.inSync.size > 1) partition.inSync.delete(id)
        if (partition.leader === id) partition.electFrom(this.live)
        this.#replicate(partition)
      }
      this.#tell(topic)
    }
    const [another] = this.random.shuffled(this.live)
    if (this.coordinator.nodeId === id && another !== undefined) this.moveCoordinator(another)
    this.#tellNodes()
  }

  #unfence (id: number): void {
    const node = this.node(id)
    this.#fenced.delete(id)
    for (const [topic, partitions] of this.#topics) {
      for (const partition of partitions) {
        if (partition.leader < 0) partition.electFrom(this.live)
        this.#replicate(partition)
      }
      this.#tell(topic)
    }
    if (this.#fenced.has(this.coordinator.nodeId)) this.moveCoordinator(id)
    const { coordinator } = this
    this.#later(node, () => { node.coordinator.learn(coordinator) })
    this.#tellNodes()
  }

  #tell (topic: string): void {
    const version = ++this.#version
    const partitions = this.#topics.get(topic)?.map((partition) => ({
      partition, leader: partition.leader, epoch: partition.epoch
    }))
    for (const node of this.nodes.values()) this.#later(node, () => { node.learn(topic, { version, partitions }) })
  }

  #tellNodes (): void {
    const version = ++this.#version
    const { live } = this
    for (const node of this.nodes.values()) this.#later(node, () => { node.learnNodes(version, live) })
  }

  #later (node: Node, run: () => void): void {
    const delay = (): number => this.random.next() < 0.8 ? this.#latency() : this.random.integer(20, 300)
    const hear = (): void => {
      run()
      node.changed()
    }
    this.scheduler.schedule(delay(), () => {
      // A frozen node gets its missed news again when it has thawed, but not at once: until then it believes what it
      // believed.
      if (node.process.isFrozen) {
        node.process.schedule(0, () => {
          node.process.schedule(this.random.integer(0, LONGEST_ERROR), hear)
        })
      } else node.process.schedule(0, hear)
    })
  }

  #latency (): number { return 0.3 + this.random.next() * 3 }
}
