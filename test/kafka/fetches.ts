import t from 'tap'
import { Node } from '../../lib/transport/kafka/cluster/node.js'
import { eachOf } from '../../lib/transport/kafka/group-by.js'
import type { FetchRequest } from '../../lib/transport/kafka/wire.js'
import { until } from './fixture.js'

/* The fetches of all members of a file. */

/** Fetches that were sent, and those that wait for their answer, as `topic partition`. */
const sent = new Map<string, number>()
const waiting = new Map<string, number>()

const { request } = Node.prototype
t.intercept(Node.prototype, 'request', {
  value (this: Node, ...args: Parameters<typeof request>) {
    const answer = request.apply(this, args)
    if (args[0] !== 'Fetch') return answer
    const places = Array.from(
      eachOf((args[1] as FetchRequest).topics), ({ topic, partition }) => `${topic} ${partition}`
    )
    for (const place of places) count(sent, place, 1)
    for (const place of places) count(waiting, place, 1)
    return answer.finally(() => { for (const place of places) count(waiting, place, -1) })
  }
})

/** How many fetches have asked for a partition. */
export function fetchesOf (topic: string, partition: number): number {
  return sent.get(`${topic} ${partition}`) ?? 0
}

/** Resolves once no fetch that asks for the partition is under way: what it brings would be kept through a pause. */
export async function untilNotFetched (topic: string, partition: number): Promise<void> {
  await until(async () => waiting.get(`${topic} ${partition}`) === 0)
}

function count (counts: Map<string, number>, place: string, by: number): void {
  counts.set(place, (counts.get(place) ?? 0) + by)
}
