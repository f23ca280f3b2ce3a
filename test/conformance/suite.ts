import { again } from './again.js'
import { batches } from './batches.js'
import { beginnings } from './beginnings.js'
import { chosenPartitions } from './chosen-partitions.js'
import { claims } from './claims.js'
import { consuming } from './consuming.js'
import { deadLetters } from './dead-letters.js'
import { dynamic } from './dynamic.js'
import { failing } from './failing.js'
import { groups } from './groups.js'
import { health } from './health.js'
import { hostile } from './hostile.js'
import { listeners } from './listeners.js'
import { membership } from './membership.js'
import { offsets } from './offsets.js'
import { ordering } from './ordering.js'
import { partitions } from './partitions.js'
import { patterns } from './patterns.js'
import { pausing } from './pausing.js'
import { payloads } from './payloads.js'
import { progress } from './progress.js'
import { publishing } from './publishing.js'
import { queue } from './queue.js'
import { requests } from './requests.js'
import { restarts } from './restarts.js'
import { settling } from './settling.js'
import { stopping } from './stopping.js'
import type { World } from './world.js'

/** The sentences that are true of every transport. A difference is a bug. */
export function conformance (world: World): void {
  publishing(world)
  partitions(world)
  queue(world)
  batches(world)
  payloads(world)
  consuming(world)
  ordering(world)
  failing(world)
  deadLetters(world)
  settling(world)
  stopping(world)
  pausing(world)
  patterns(world)
  chosenPartitions(world)
  dynamic(world)
  hostile(world)
  claims(world)
  groups(world)
  membership(world)
  listeners(world)
  restarts(world)
  offsets(world)
  beginnings(world)
  health(world)
  progress(world)
  again(world)
  requests(world)
}
