import { loadKafkajs } from './copy/load.js'

interface ConsumerGroup {
  recoverFromFetch (error: Error): Promise<void>
}

const changed = new WeakSet<ConsumerGroup>()

/**
 * Makes every rejoin go through KafkaJS's runner, which stops all fetches first. When it finds its metadata stale, KafkaJS rejoins
 * in the middle of one node's fetch instead, while those of other nodes go on: their records then count as the new
 * generation's, although they lie beyond where that begins to read, and the position jumps over what lies between.
 *
 * An offset out of range becomes a rejoin, too: KafkaJS goes on at the topic's beginning, and only in a new generation an
 * offset may be lower than what was read before.
 */
export function rejoinInOnePlace (): void {
  const { prototype } = loadKafkajs().load('src/consumer/consumerGroup.js') as { readonly prototype: ConsumerGroup }
  if (changed.has(prototype)) return
  changed.add(prototype)
  const { recoverFromFetch } = prototype
  prototype.recoverFromFetch = async function (error) {
    const group: ConsumerGroup = Object.create(this, { joinAndSync: { value: () => rejoin(error) } })
    await recoverFromFetch.call(group, error)
    if (error.name === 'KafkaJSOffsetOutOfRange') rejoin(error)
  }
}

/** What the runner takes for the coordinator's news of a rebalance. */
function rejoin (cause: Error): never {
  throw Object.assign(new Error(`rejoining: ${cause.message}`, { cause }), { type: 'REBALANCE_IN_PROGRESS' })
}
