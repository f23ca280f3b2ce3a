import type { Partition } from './partition.js'
import { Process } from './process.js'
import type { Random } from './judge.js'
import type { Timeline } from './timeline.js'
import type { Coordinator } from './coordinator.js'

/** What a node believes of a partition. */
export interface PartitionView {
  readonly partition: Partition
  readonly leader: number
  readonly epoch: number
}

export interface TopicView {
  readonly version: number
  /** undefined: the topic was deleted. */
  readonly partitions: readonly PartitionView[] | undefined
}

interface Waiter {
  readonly condition: () => boolean
  readonly end: (came: boolean) => void
}

/** One broker: a process, what it believes of the cluster, and the requests that wait in it. */
export class Node {
  readonly id: number
  readonly host: string
  readonly port = 9092
  readonly #scheduler: Timeline
  readonly #random: Random
  process: Process
  readonly #topics = new Map<string, TopicView>()
  /** The nodes that it believes to live. */
  nodes: readonly number[] = []
  #nodesVersion = -1
  coordinator!: Coordinator
  #waiters = new Set<Waiter>()

  constructor (id: number, scheduler: Timeline, random: Random) {
    this.id = id
    this.host = `node-${id}`
    this.#scheduler = scheduler
    this.#random = random
    this.process = new Process(this.host, scheduler, random)
  }

  get address (): string {
    return `${this.host}:${this.port}`
  }

  /** After a crash: a new process on the same log. */
  restart (): void {
    this.process = new Process(this.host, this.#scheduler, this.#random)
  }

  kill (): void {
    this.process.kill()
    // Requests get no answer any more.
    this.#waiters = new Set()
  }

  learn (topic: string, view: TopicView): void {
    if ((this.#topics.get(topic)?.version ?? -1) < view.version) this.#topics.set(topic, view)
    this.changed()
  }

  learnNodes (version: number, nodes: readonly number[]): void {
    if (version < this.#nodesVersion) return
    this.#nodesVersion = version
    this.nodes = nodes
  }

  topic (name: string): readonly PartitionView[] | undefined {
    return this.#topics.get(name)?.partitions
  }

  /** Of the topics that exist, as far as it knows. */
  get topicNames (): readonly string[] {
    return [...this.#topics.keys()].filter((name) => this.topic(name) !== undefined)
  }

  /** undefined: there is no such partition, as far as it knows. */
  view (topic: string, partition: number): PartitionView | undefined {
    return this.topic(topic)?.[partition]
  }

  leads (view: PartitionView): boolean {
    return view.leader === this.id && view.partition.replicas.has(this.id)
  }

  /** Resolves with true as soon as the condition holds, else with false after `ms`. Never, when the node is killed. */
  wait (ms: number, condition: () => boolean): Promise<boolean> {
    if (condition()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const waiter: Waiter = {
        condition,
        end: (came) => { if (this.#waiters.delete(waiter)) resolve(came) }
      }
      this.#waiters.add(waiter)
      this.process.schedule(ms, () => { waiter.end(false) })
    })
  }

  /** Something changed that a request may wait for. */
  changed (): void {
    for (const waiter of this.#waiters) if (waiter.condition()) waiter.end(true)
  }
}
