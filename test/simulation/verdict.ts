import { SIDE } from './app.js'
import { historyOf, readTopic } from './evidence.js'
import { check } from './judge.js'
import type { World } from './world.js'

/** What is wrong with a run, one line each. */
export function evidenceOf (world: World): string[] {
  const { anomalies } = check(historyOf(world))
  const wrong = [...anomalies].map(([anomaly, details]) => `${anomaly} × ${details.length}: ${details.slice(0, 3).join('; ')}`)
  for (const { partition, offset, value } of readTopic(world, SIDE)) {
    const { key, seq } = JSON.parse(String(value)) as { key: string, seq: number }
    if (!world.sideEffects.has(`${key}:${seq}`)) wrong.push(`unseen: ${key}:${seq} of side at ${partition}@${offset}`)
  }
  return wrong
}
