import { RESULTS } from './app.js'
import type { Partition } from './partition.js'
import type { World } from './world.js'

/** The longest time without a disturbance, and the longest disturbance, ms */
const PAUSE = 4000
const HOLD = 6000

/**
 * Until `end`, the followers of each partition of the results stop now and then. While they are in sync, records wait
 * for them and requests time out (REQUEST_TIMED_OUT); when they are not, the leader refuses what is sent
 * (NOT_ENOUGH_REPLICAS), or says it after the append (NOT_ENOUGH_REPLICAS_AFTER_APPEND).
 */
export async function disturbResults (world: World, end: number): Promise<void> {
  // What a member cannot store before it gives up its partitions is done again by the next one.
  world.fault('broker-stop', [RESULTS], end)
  await Promise.all(world.cluster.partitions(RESULTS).map((partition) => disturb(world, partition, end)))
}

async function disturb (
  { cluster, random, scheduler, trace }: World, partition: Partition, end: number
): Promise<void> {
  const left = (ms: number): number => Math.max(0, Math.min(ms, end - scheduler.now))
  while (scheduler.now < end) {
    await scheduler.sleep(left(random.integer(100, PAUSE)))
    const shrinks = random.next() < 0.5
    trace.note(`followers of ${RESULTS} ${partition.partition} stop, ${shrinks ? 'and are out of sync' : 'in sync'}`)
    cluster.stallFollowers(partition, shrinks)
    await scheduler.sleep(left(random.integer(100, HOLD)))
    trace.note(`followers of ${RESULTS} ${partition.partition} go on`)
    cluster.resumeFollowers(partition)
  }
}
