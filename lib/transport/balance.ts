/** Partitions that one member of a group gets. */
export class Share<Member> {
  readonly member: Member
  readonly #counts = new Map<string, number>()
  #total = 0

  constructor (member: Member) {
    this.member = member
  }

  add (topic: string, count: number): void {
    this.#counts.set(topic, this.#of(topic) + count)
    this.#total += count
  }

  /** Number of partitions that it has more than `other`: of the topic, and in total where that differs by one only. */
  outweighs (other: Share<Member>, topic: string): boolean {
    const difference = this.#of(topic) - other.#of(topic)
    return difference > 1 || (difference === 1 && this.#total - other.#total > 1)
  }

  lighterThan (other: Share<Member>, topic: string): boolean {
    return (this.#of(topic) - other.#of(topic) || this.#total - other.#total) < 0
  }

  #of (topic: string): number {
    return this.#counts.get(topic) ?? 0
  }
}

/** A partition. */
export interface Assignable<Member> {
  readonly topic: string
  /** Members that subscribe to the topic, at least one. */
  readonly able: ReadonlyArray<Share<Member>>
  /** Owner before the assignment; afterwards, the new owner. */
  owner: Share<Member> | undefined
}

/**
 * Gives each partition an owner among the members that subscribe to its topic, so that members may subscribe to
 * different topics and every topic is read. Even per topic, then in total; sticky: it moves no more than that needs.
 */
export function balance<Member> (partitions: ReadonlyArray<Assignable<Member>>): void {
  for (const { topic, owner } of partitions) owner?.add(topic, 1)
  // Unowned partitions first: otherwise partitions would move only to make room for it.
  for (const partition of partitions) if (partition.owner === undefined) give(partition, lightest(partition))
  // A move makes the shares of a topic more even, or those of a topic no less and the totals more: so this ends.
  let moved = true
  while (moved) {
    moved = false
    for (const partition of partitions) moved = relieve(partition) || moved
  }
}

function relieve<Member> (partition: Assignable<Member>): boolean {
  const to = lightest(partition)
  if (partition.owner?.outweighs(to, partition.topic) !== true) return false
  give(partition, to)
  return true
}

function give<Member> (partition: Assignable<Member>, to: Share<Member>): void {
  partition.owner?.add(partition.topic, -1)
  to.add(partition.topic, 1)
  partition.owner = to
}

function lightest<Member> ({ topic, able }: Assignable<Member>): Share<Member> {
  return able.reduce((lightest, share) => share.lighterThan(lightest, topic) ? share : lightest)
}
