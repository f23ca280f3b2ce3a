import type { Node } from './node.js'
import type { Partition } from './partition.js'

/** Followers pull what the leader has, each after a while; what all in-sync replicas have is committed. */
export function replicate (
  partition: Partition, nodes: ReadonlyMap<number, Node>, isFenced: (id: number) => boolean, latency: () => number
): void {
  partition.advance()
  for (const id of partition.replicas.keys()) {
    if (id !== partition.leader) nodes.get(id)!.process.schedule(latency(), () => { pull(id) })
  }
  nodes.get(partition.leader)?.changed()

  function pull (id: number): void {
    const leading = nodes.get(partition.leader)
    if (leading === undefined || leading.id === id || !leading.process.isUp || partition.stalled) return
    const leader = partition.replica(leading.id)
    partition.replica(id).follow(leader)
    if (!isFenced(id)) partition.inSync.add(id)
    const before = leader.highWatermark
    partition.advance()
    leading.changed()
    // Followers hear of the high watermark with their next pull.
    if (leader.highWatermark === before) return
    for (const replica of partition.replicas.values()) {
      if (replica.batches.at(-1) === leader.batches.at(-1)) replica.highWatermark = leader.highWatermark
    }
  }
}
