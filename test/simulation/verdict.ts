import { SIDE } from './app.js'
import { wrongResults } from './results.js'
import { historyOf, readTopic } from './evidence.js'
import { check } from './judge.js'
import type { World } from './world.js'

/** No publish may take so long, ms. */
const PATIENCE = 30_000

/** What is wrong with a run, one line each. */
export function evidenceOf (world: World): string[] {
  const { anomalies } = check(historyOf(world))
  const wrong = [...anomalies].map(
    ([anomaly, details]) => `${anomaly} × ${details.length}: ${details.slice(0, 3).join('; ')}`
  )
  // Within that time a leader is found, whatever happens here.
  const late = world.published.filter(({ outcome, key }) => outcome !== 'ok' && !key.startsWith('transaction'))
  if (world.setting.deadline >= PATIENCE && late.length > 0) {
    wrong.push(`given up: ${late.slice(0, 3).map(({ id, outcome }) => `${id} ${outcome}`).join()}`)
  }
  for (const { partition, offset, value } of readTopic(world, SIDE)) {
    if (offset < world.cluster.store.excused(SIDE, partition)) continue
    const { key, seq } = JSON.parse(String(value)) as { key: string, seq: number }
    if (!world.sideEffects.has(`${key}:${seq}`)) wrong.push(`unseen: ${key}:${seq} of side at ${partition}@${offset}`)
  }
  return [...wrong, ...wrongResults(world)]
}
