import type { Queues } from '../partition/queues.js'
import type { Committer } from './committer.js'
import type { OwnedPartitions } from './owned-partitions.js'
import type { GroupParts } from './parts.js'

interface DrainParts extends Pick<GroupParts, 'report' | 'environment'> {
  readonly queues: Queues
  readonly owned: OwnedPartitions
  readonly committer: Committer
}

/** The part of a drain's time that is kept for the last commit, ms. */
const LAST_COMMIT = 2000
/** Why handlers are given up that a drain has waited for: part of their abort reason. */
const GIVEN_UP = { close: 'the app closes', rebalance: 'its partition goes to another member of the group' }

/**
 * Ends the waits for retries, lets running handlers end within `timeout` ms, tells the rebalance listeners, then
 * commits what is settled.
 */
export async function drain (
  reason: keyof typeof GIVEN_UP, timeout: number, { queues, owned, committer, report, environment }: DrainParts
): Promise<void> {
  const { clock } = environment
  const { generation } = owned
  const end = clock.elapsed() + timeout
  const patience = timeout - Math.min(LAST_COMMIT, timeout / 4)
  const ended = await queues.drain(patience, GIVEN_UP[reason])
  // Partitions were lost meanwhile: those handlers were given up, and what runs now belongs to the next generation.
  if (generation !== owned.generation) return
  if (!ended) {
    report.drainTimedOut(reason, patience, owned.values())
    queues.giveUp(GIVEN_UP[reason])
  }
  await committer.flush(end - clock.elapsed())
}
