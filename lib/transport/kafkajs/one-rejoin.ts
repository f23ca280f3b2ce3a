import { loadKafkajs } from './copy/load.js'

interface FetchError extends Error {
  /** Of an offset out of range. */
  readonly topic?: string
  readonly partition?: number
}

interface ConsumerGroup {
  readonly seekOffset: Map<string, string>
  readonly preferredReadReplicasPerTopicPartition: Record<string, Record<number, unknown> | undefined>
  joinAndSync (): Promise<void>
  recoverFromFetch (error: FetchError): Promise<void>
}

const changed = new WeakSet<ConsumerGroup>()

/**
 * Makes every rejoin go through KafkaJS's runner, which stops all fetches first. When it finds its metadata stale, KafkaJS rejoins
 * in the middle of one node's fetch instead, while those of other nodes go on: their records then count as the new
 * generation's, although they lie beyond where that begins to read, and the position jumps over what lies between.
 *
 * An offset out of range becomes a rejoin, too: only in a new generation an offset may be lower than what was read before.
 * KafkaJS commits −1 or −2 for it.
 */
export function rejoinInOnePlace (): void {
  const { prototype } = loadKafkajs().load('src/consumer/consumerGroup.js') as { readonly prototype: ConsumerGroup }
  if (changed.has(prototype)) return
  changed.add(prototype)
  const { joinAndSync, recoverFromFetch } = prototype

  prototype.recoverFromFetch = async function (error) {
    if (error.name === 'KafkaJSOffsetOutOfRange') {
      if (!isFollowers(this, error)) rejoin(error)
      return
    }
    const group: ConsumerGroup = Object.create(this, { joinAndSync: { value: () => rejoin(error) } })
    await recoverFromFetch.call(group, error)
  }

  /** KafkaJS carries a seek that no fetch has seen yet into the next generation, which begins where the group has left off. */
  prototype.joinAndSync = async function () {
    await joinAndSync.call(this)
    this.seekOffset.clear()
  }
}

/** A follower may not have come as far as its leader, which is asked next. */
function isFollowers ({ preferredReadReplicasPerTopicPartition }: ConsumerGroup, { topic = '', partition = -1 }: FetchError): boolean {
  const preferred = preferredReadReplicasPerTopicPartition[topic]
  if (preferred?.[partition] === undefined) return false
  delete preferred[partition]
  return true
}

/** What the runner takes for the coordinator's news of a rebalance. */
function rejoin (cause: Error): never {
  throw Object.assign(new Error(`rejoining: ${cause.message}`, { cause }), { type: 'REBALANCE_IN_PROGRESS' })
}
