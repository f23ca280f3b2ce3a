import type { TopicPartition } from '../transport.js'
import type { OfTopic } from './wire.js'

export function partitionId ({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`
}

/** Returns the topic of a `partitionId`. */
export function topicOf (id: string): string {
  return id.slice(0, id.lastIndexOf(':'))
}

export function groupBy<Item, Key> (
  items: Iterable<Item>, keyOf: (item: Item) => Key
): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

/** Rows as the protocol sends them, in the order given. */
export function byTopic<Item extends { readonly topic: string }, Row> (
  items: Iterable<Item>, toRow: (item: Item) => Row
): Array<OfTopic<Row>> {
  return Array.from(groupBy(items, ({ topic }) => topic), ([topic, share]) => ({ topic, partitions: share.map(toRow) }))
}

/** Entries that `byTopic` has grouped, one by one. */
export function * eachOf<Row> (topics: ReadonlyArray<OfTopic<Row>>): Generator<Row & { readonly topic: string }> {
  for (const { topic, partitions } of topics) {
    // Assigned: Node.js 20 needs 2 µs for a literal that spreads an object and adds a member.
    for (const row of partitions) yield Object.assign({ topic }, row)
  }
}
