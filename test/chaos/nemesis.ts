import { setTimeout as sleep } from 'node:timers/promises'
import { commit, type World } from './faults.js'
import { isComplete, type FaultRecord } from './history.js'
import type { Step } from './plan.js'
import { now } from './time.js'

/** After this what has not recovered is taken for broken, ms; there is less of it once something is. */
const PATIENCE = 90_000
const IMPATIENCE = 10_000

/** Takes the steps of the plan one after the other, for `limit` ms; between them everything has time to come back. */
export async function wreak (
  world: World, plan: readonly Step[], limit: number, acceptableLag: number, say: (line: string) => void
): Promise<FaultRecord[]> {
  const records: FaultRecord[] = []
  const end = now() + limit
  let patience = PATIENCE
  for (const [step, { faults, pause }] of plan.entries()) {
    if (now() > end) break
    await sleep(pause)
    const start = now()
    const outcomes = await Promise.all(faults.map((planned) => commit(world, planned, step)))
    const done = outcomes.filter((outcome) => outcome !== undefined)
    const missing = await recovery(world, acceptableLag, patience)
    if (missing !== undefined) patience = IMPATIENCE
    const recovered = missing === undefined ? now() : undefined
    records.push(...done.map((fault) => ({ ...fault, recovered })))
    const what = done.map(({ kind, targets }) => `${kind} ${targets.join(' ')}`).join(' + ')
    say(`${step + 1}/${plan.length} ${what}: ${missing ?? `${((now() - start) / 1000).toFixed(1)} s`}`)
  }
  return records
}

/**
 * Waits until all processes are members, all replicas are in sync, and hardly anything waits; resolves with what is not
 * so in time.
 */
async function recovery (
  { apps, control }: World, acceptableLag: number, patience: number
): Promise<string | undefined> {
  let missing: string | undefined
  await control.eventually(async () => {
    missing = 'the cluster does not answer'
    apps.measure()
    const membership = await control.membership(apps.live.map(({ name }) => name))
    const lag = await control.lag()
    const { alive, members, assigned, partitions } = membership
    const has = `${assigned} of ${partitions} partitions`
    if (!isComplete(membership)) missing = `of ${alive} only ${members} are members, with ${has}`
    else if (!await control.replicated()) missing = 'replicas are not in sync'
    else if (lag > acceptableLag) missing = `${lag} messages wait`
    else missing = undefined
    return missing === undefined
  }, patience)
  return missing
}
