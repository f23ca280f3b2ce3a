import { consuming } from './consuming.js'
import { failing } from './failing.js'
import { groups } from './groups.js'
import { publishing } from './publishing.js'
import type { World } from './world.js'

/** The sentences that are true of every transport. A difference is a bug. */
export function conformance (world: World): void {
  publishing(world)
  consuming(world)
  failing(world)
  groups(world)
}
