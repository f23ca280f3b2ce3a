import { TOPIC } from './app.js'
import { encodeBatch, endMarker, readHeader, type StoredBatch } from './batches.js'
import { ID } from './judge.js'
import type { Partition } from './partition.js'
import type { World } from './world.js'

/** How long a coordinator of transactions tries to end one, ms. */
const PATIENCE = 60_000

/** Another producer writes a transaction and ends it after a while. A handler must not get aborted records. */
export async function transact (world: World): Promise<void> {
  const { cluster, random, scheduler, published, trace } = world
  const partition = random.pick(cluster.partitions(TOPIC))
  const producerId = cluster.nextProducerId()
  const commits = random.next() < 0.4
  const key = `transaction-${producerId}`
  const records = Array.from({ length: random.integer(1, 5) }, (_, seq) => {
    const id = `${key}:${seq}`
    if (commits) published.push({ id, key, seq, verdict: 'handled', outcome: 'unknown' })
    return {
      key: Buffer.from(key),
      value: Buffer.from(JSON.stringify({ key, seq, work: 0, failures: 0 })),
      headers: [[ID, Buffer.from(id)]] as const
    }
  })
  trace.note(
    `${TOPIC} ${partition.partition}: a transaction of ${records.length} records that is ${commits ? 'committed' : 'aborted'}`
  )
  const batch = append(
    world,
    partition,
    encodeBatch(records, { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }, world.now)
  )
  if (batch === undefined) return
  await scheduler.sleep(random.integer(0, 3000))
  let marker: StoredBatch | undefined
  for (const end = scheduler.now + PATIENCE; scheduler.now < end; await scheduler.sleep(200)) {
    if (!partition.newest.batches.includes(batch)) return
    const { batches, highWatermark } = partition.newest
    if (marker !== undefined && batches.includes(marker) && highWatermark >= marker.nextOffset) return
    if (marker === undefined || !partition.newest.batches.includes(marker)) {
      marker = append(world, partition, endMarker(commits, producerId, world.now))
    }
  }
}

function append ({ cluster }: World, partition: Partition, bytes: Buffer): StoredBatch | undefined {
  const leader = cluster.nodes.get(partition.leader)
  return leader?.process.isUp === true
    ? cluster.append(
      leader, partition, partition.epoch, bytes, readHeader(bytes)
    ).batch
    : undefined
}
