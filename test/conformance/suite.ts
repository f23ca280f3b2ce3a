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

type Sentences = (world: World) => void

/** The sentences of the suite, in parts of about the same length. */
export const PARTS = {
  messages: [publishing, partitions, queue, batches, payloads, consuming, ordering, failing, deadLetters, settling],
  subscribers: [stopping, pausing, patterns, chosenPartitions, dynamic, hostile, again, requests, health, progress],
  groups: [claims, groups, membership, listeners, restarts, offsets, beginnings]
} as const satisfies Readonly<Record<string, readonly Sentences[]>>

/** The sentences that are true of every transport. A difference is a bug. */
export function conformance (
  world: World, parts: ReadonlyArray<readonly Sentences[]> = Object.values(PARTS)
): void {
  for (const sentences of parts.flat()) sentences(world)
}
