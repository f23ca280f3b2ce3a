import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { Kafka, logLevel, type Admin } from 'kafkajs'
import type { Membership } from './history.js'

const { AssignerProtocol, ConfigResourceTypes } = kafkajs

export interface Names {
  readonly topic: string
  readonly letters: string
  readonly group: string
}

const PARTITIONS = 12
const REPLICAS = 3

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
      const wanted = [topic, letters, '__consumer_offsets'].filter(
        (name) => name !== '__consumer_offsets' || existing.includes(name)
      )
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
