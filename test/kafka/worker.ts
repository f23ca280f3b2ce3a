import { setTimeout as sleep } from 'node:timers/promises'
import type { TopicPartition } from '../../lib/transport/transport.js'
import type { TestMember } from './members.js'

interface Partition extends TopicPartition {
  queue: Array<{ offset: bigint, value: string }>
  running: boolean
  next: bigint | undefined
  committed: bigint | undefined
}

/**
 * The least that a core does: one record of each partition at a time, a commit now and then, a drain before each
 * rejoin.
 */
export class Worker {
  readonly member: TestMember
  readonly refused: unknown[] = []
  drains = 0
  readonly #processed: Map<string, number>
  #partitions = new Map<string, Partition>()
  #frozen = false
  #timer: NodeJS.Timeout | undefined

  constructor (member: TestMember, processed: Map<string, number>) {
    const { observer } = member
    this.member = member
    this.#processed = processed
    observer.onAssigned = (partitions) => {
      this.#partitions = new Map(partitions.map(
        ({ topic, partition }) => [
          `${topic}:${partition}`,
          { topic, partition, queue: [], running: false, next: undefined, committed: undefined }
        ]
      ))
      this.#frozen = false
    }
    observer.onRecords = (topic, partition, records) => {
      const owned = this.#partitions.get(`${topic}:${partition}`)!
      for (const { offset, value } of records) owned.queue.push({ offset, value: String(value) })
      this.#run(owned)
    }
    observer.onRevoking = () => this.#drain()
  }

  async start (): Promise<void> {
    await this.member.consumer.start()
    this.#timer = setInterval(() => { this.#commit() }, 100)
  }

  async stop (): Promise<void> {
    this.member.consumer.stop()
    await this.#drain()
    clearInterval(this.#timer)
    await this.member.consumer.close()
  }

  async #run (owned: Partition): Promise<void> {
    if (owned.running) return
    owned.running = true
    for (let record; !this.#frozen && (record = owned.queue.shift()) !== undefined;) {
      await sleep(5 + Math.random() * 20)
      this.#processed.set(record.value, (this.#processed.get(record.value) ?? 0) + 1)
      owned.next = record.offset + 1n
    }
    owned.running = false
  }

  async #drain (): Promise<void> {
    this.#frozen = true
    this.drains++
    while ([...this.#partitions.values()].some(({ running }) => running)) await sleep(5)
    await this.#commit()
  }

  async #commit (): Promise<void> {
    const ready = [...this.#partitions.values()].filter(
      ({ next, committed }) => next !== undefined && next !== committed
    )
    const offsets = ready.map(({ topic, partition, next }) => ({ topic, partition, offset: next! }))
    if (offsets.length === 0) return
    try {
      await this.member.consumer.commit(offsets)
      for (const [i, { offset }] of offsets.entries()) ready[i]!.committed = offset
    } catch (err) {
      this.refused.push(err)
    }
  }
}
