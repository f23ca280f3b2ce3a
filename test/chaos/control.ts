import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { Kafka, logLevel, type Admin } from 'kafkajs'
import type { Membership } from './history.js'
import { leaveGroup } from './leave-group.js'

const { AssignerProtocol, ConfigResourceTypes } = kafkajs

export interface Names {
  readonly topic: string
  readonly letters: string
  readonly group: string
}

const PARTITIONS = 12
const REPLICAS = 3
const OFFSETS = '__consumer_offsets'

/** The cluster as its administrator sees it. Every call may fail while nodes come and go: see {@link eventually}. */
export class Control {
  readonly #kafka: Kafka
  readonly #names: Names
  #partitions = PARTITIONS
  growths = 0

  constructor (brokers: readonly string[], names: Names) {
    this.#kafka = new Kafka({
      clientId: 'control',
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2000,
      requestTimeout: 4000,
      retry: { retries: 1 }
    })
    this.#names = names
  }

  async createTopics (): Promise<void> {
    const { topic, letters } = this.#names
    await this.#with((admin) => admin.createTopics({
      waitForLeaders: false, topics: [{ topic, numPartitions: PARTITIONS }, { topic: letters, numPartitions: 3 }]
    }))
    await this.eventually(() => this.replicated())
  }

  async addPartitions (): Promise<void> {
    const count = this.#partitions + 2
    await this.eventually(() => this.#with(async (admin) => {
      await admin.createPartitions({ topicPartitions: [{ topic: this.#names.topic, count }] })
      return true
    }))
    this.#partitions = count
    this.growths++
  }

  /** Moves the leader of the partition that holds the group, and with it the coordinator; resolves with the node that it left. */
  async moveCoordinator (): Promise<string> {
    const before = await this.#coordinator()
    const others = before.replicas.filter((node) => node !== before.leader)
    await this.#reassign(before.partition, others)
    await this.eventually(async () => (await this.#coordinator()).leader !== before.leader)
    await this.#reassign(before.partition, [...others, before.leader])
    return `node-${before.leader - 1}`
  }

  /** An administrator removes all members, and then the group with all that it has stored. */
  async deleteGroup (): Promise<void> {
    const { group } = this.#names
    await this.eventually(() => this.#with(async (admin) => {
      const { leader } = await this.#coordinator()
      const { brokers } = await admin.describeCluster()
      const coordinator = brokers.find(({ nodeId }) => nodeId === leader)
      const { groups: [description] } = await admin.describeGroups([group])
      if (coordinator === undefined || description === undefined) return false
      await Promise.all(description.members.map(({ memberId }) => leaveGroup(coordinator, group, memberId)))
      await admin.deleteGroups([group])
      return true
    }))
  }

  async recreateTopic (): Promise<void> {
    const { topic } = this.#names
    await this.eventually(() => this.#with(async (admin) => {
      // No other request may name it meanwhile: the brokers would create it.
      if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic] })
      return await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: this.#partitions }] })
    }))
    await this.eventually(() => this.replicated())
  }

  async #coordinator (): Promise<{
    readonly partition: number, readonly leader: number, readonly replicas: readonly number[]
  }> {
    const { topics: [offsets] } = await this.#with((admin) => admin.fetchTopicMetadata({ topics: [OFFSETS] }))
    const partitions = offsets?.partitions ?? []
    const partition = Math.abs(javaHash(this.#names.group)) % partitions.length
    const { leader, replicas } = partitions.find(({ partitionId }) => partitionId === partition)!
    return { partition, leader, replicas }
  }

  async #reassign (partition: number, replicas: number[]): Promise<void> {
    await this.eventually(() => this.#with(async (admin) => {
      await admin.alterPartitionReassignments({
        topics: [{ topic: OFFSETS, partitionAssignment: [{ partition, replicas }] }]
      })
      return true
    }))
    await this.eventually(async () => (await this.#coordinator()).replicas.length === replicas.length)
  }

  /** Dead letters are refused: nothing is recent enough. */
  async refuseLetters (refused: boolean): Promise<void> {
    const configEntries = refused
      ? [
          { name: 'message.timestamp.before.max.ms', value: '0' },
          { name: 'message.timestamp.after.max.ms', value: '0' }
        ]
      : []
    await this.eventually(() => this.#with(async (admin) => {
      await admin.alterConfigs({
        validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: this.#names.letters, configEntries }]
      })
      return true
    }))
  }

  /** Whether every partition has all of its replicas in sync. */
  async replicated (): Promise<boolean> {
    const { topic, letters } = this.#names
    return await this.#with(async (admin) => {
      const existing = await admin.listTopics()
      const wanted = [topic, letters, OFFSETS].filter((name) => name !== OFFSETS || existing.includes(name))
      const { topics } = await admin.fetchTopicMetadata({ topics: wanted })
      return topics.every(({ partitions }) => partitions.length > 0 && partitions.every(
        ({ isr, leader }) => isr.length === REPLICAS && leader >= 0
      ))
    })
  }

  /** Messages that are not committed. */
  async lag (): Promise<number> {
    const { group, topic } = this.#names
    return await this.#with(async (admin) => {
      const ends = await admin.fetchTopicOffsets(topic)
      const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
      const offsets = new Map(committed?.partitions.map(
        ({ partition, offset }) => [partition, Math.max(0, Number(offset))]
      ))
      return ends.reduce((sum, { partition, high }) => sum + Number(high) - (offsets.get(partition) ?? 0), 0)
    })
  }

  async membership (alive: readonly string[]): Promise<Membership> {
    const { group, topic } = this.#names
    return await this.#with(async (admin) => {
      const { groups: [description] } = await admin.describeGroups([group])
      const stable = description?.state === 'Stable' ? description.members : []
      const assigned = stable.flatMap(
        ({ memberAssignment }) => AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[topic] ?? []
      )
      return {
        alive, members: stable.map(({ clientId }) => clientId), assigned: assigned.length, partitions: this.#partitions
      }
    })
  }

  /** Asks until the answer is yes, which it resolves to; an error is a no. */
  async eventually (condition: () => Promise<boolean>, timeout = 60_000): Promise<boolean> {
    const deadline = Date.now() + timeout
    while (Date.now() < deadline) {
      if (await condition().catch(() => false)) return true
      await sleep(300)
    }
    return false
  }

  async #with<T> (use: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#kafka.admin()
    try {
      await admin.connect()
      return await use(admin)
    } finally {
      await admin.disconnect()
    }
  }
}

/** By which Kafka chooses the partition that holds a group. */
function javaHash (text: string): number {
  return [...text].reduce((hash, letter) => (Math.imul(31, hash) + letter.charCodeAt(0)) | 0, 0)
}
