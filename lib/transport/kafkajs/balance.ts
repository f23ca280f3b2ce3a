/** What one member gets. */
export class Share {
  readonly memberId: string
  readonly #counts = new Map<string, number>()
  #total = 0

  constructor (memberId: string) {
    this.memberId = memberId
  }

  add (topic: string, count: number): void {
    this.#counts.set(topic, this.#of(topic) + count)
    this.#total += count
  }

  /** How much more it has than `other`: of the topic first, and where that differs by one only, in total. */
  outweighs (other: Share, topic: string): boolean {
    const difference = this.#of(topic) - other.#of(topic)
    return difference > 1 || (difference === 1 && this.#total - other.#total > 1)
  }

  lighterThan (other: Share, topic: string): boolean {
    return (this.#of(topic) - other.#of(topic) || this.#total - other.#total) < 0
  }

  #of (topic: string): number {
    return this.#counts.get(topic) ?? 0
  }
}

export interface Assignable {
  readonly topic: string
  readonly partition: number
  /** Those who subscribe to the topic, at least one. */
  readonly able: readonly Share[]
  /** Who had it before; afterwards, who gets it. */
  owner: Share | undefined
}

/** Gives every partition an owner: even per topic, then in total, moving no more than that needs. */
export function balance (partitions: readonly Assignable[]): void {
  for (const { topic, owner } of partitions) owner?.add(topic, 1)
  // First what nobody reads: otherwise partitions would move only to make room for it.
  for (const partition of partitions) if (partition.owner === undefined) give(partition, lightest(partition))
  // A move makes the shares of a topic more even, or those of a topic no less and the totals more: so this ends.
  let moved = true
  while (moved) {
    moved = false
    for (const partition of partitions) moved = relieve(partition) || moved
  }
}

function relieve (partition: Assignable): boolean {
  const to = lightest(partition)
  if (partition.owner?.outweighs(to, partition.topic) !== true) return false
  give(partition, to)
  return true
}

function give (partition: Assignable, to: Share): void {
  partition.owner?.add(partition.topic, -1)
  to.add(partition.topic, 1)
  partition.owner = to
}

function lightest ({ topic, able }: Assignable): Share {
  return able.reduce((lightest, share) => share.lighterThan(lightest, topic) ? share : lightest)
}
