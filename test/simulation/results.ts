import { hasResult, RESULTS } from './app.js'
import { historyOf, readTopic } from './evidence.js'
import type { World } from './world.js'

interface Result {
  readonly id: string
  readonly partition: number
  readonly offset: number
}

/**
 * Each message that was handled has its results in the log. Those of a key are there in the order of their messages, by
 * the first copy of each; a redelivery is always later.
 */
export function wrongResults (world: World): string[] {
  if (!world.setting.results) return []
  const wrong: string[] = []
  const last = new Map<string, Result>()
  const found = new Set<string>()
  for (const { partition, offset, value } of readTopic(world, RESULTS)) {
    const result = JSON.parse(String(value)) as Result
    const name = nameOf(result)
    if (found.has(name)) continue
    found.add(name)
    const lane = `${partition} ${result.partition} ${result.id.split(':')[0]}`
    const before = last.get(lane)
    if (before !== undefined && before.offset > result.offset) {
      wrong.push(`result order: ${name} at ${partition}@${offset} after ${nameOf(before)}`)
    }
    last.set(lane, result)
  }
  const { effects } = historyOf(world)
  for (const { id, partition, offset } of effects.filter(({ done }) => done)) {
    const name = nameOf({ id, partition, offset })
    if (hasResult(Number(id.split(':')[1])) && !found.has(name)) wrong.push(`result lost: ${name}`)
  }
  return wrong
}

function nameOf ({ id, partition, offset }: Result): string {
  return `${id} of ${partition}@${offset}`
}
