import { hasResult, RESULTS } from './app.js'
import { historyOf, readTopic } from './evidence.js'
import type { Setting } from './setting.js'
import type { World } from './world.js'

interface Result {
  readonly id: string
  readonly partition: number
  readonly offset: number
}

/** One copy of a result in the log. */
interface Copy extends Result {
  readonly name: string
  /** Where it is. */
  readonly place: string
  /** What must be in order: the results of one lane that are in the same partition. */
  readonly order: string
}

/**
 * Each message that was handled has its result in the log. Those of one lane are there in the order of their messages,
 * by the first copy of each: a redelivery is always later. They are in order by the last copy of each, too, for readers
 * that keep the last value of a key. This holds in the `quiet` climate alone: elsewhere an app that has lost its
 * partition may still store what it has sent.
 */
export function wrongResults (world: World): string[] {
  const { setting } = world
  if (!setting.results) return []
  const copies = readTopic(world, RESULTS).map(({ partition, offset, value }) => (
    toCopy(setting, `${partition}@${offset}`, partition, JSON.parse(String(value)) as Result)))
  const wrong = disorder(copies).map(([copy, before]) => `result order: ${copy} after ${before}`)
  if (setting.climate === 'quiet') {
    const last = disorder(copies.reverse(), -1)
    wrong.push(...last.map(([copy, behind]) => `result order: the last ${copy} before ${behind}`))
  }
  const found = new Set(copies.map(({ name }) => name))
  for (const { id, partition, offset } of historyOf(world).effects.filter(({ done }) => done)) {
    const name = nameOf({ id, partition, offset })
    if (hasResult(Number(id.split(':')[1])) && !found.has(name)) wrong.push(`result lost: ${name}`)
  }
  return wrong
}

function toCopy ({ ordering }: Setting, place: string, written: number, result: Result): Copy {
  const key = ordering === 'key' ? result.id.split(':')[0] : 'all'
  return { ...result, name: nameOf(result), place, order: `${written} ${result.partition} ${key}` }
}

/** The copies that are not in order with the one of their lane before. The first one of each result counts. */
function disorder (copies: readonly Copy[], direction = 1): Array<readonly [string, string]> {
  const wrong: Array<readonly [string, string]> = []
  const last = new Map<string, Copy>()
  const found = new Set<string>()
  for (const copy of copies) {
    const id = `${copy.order} ${copy.name}`
    if (found.has(id)) continue
    found.add(id)
    const before = last.get(copy.order)
    if (before !== undefined && (copy.offset - before.offset) * direction < 0) wrong.push([tell(copy), tell(before)])
    last.set(copy.order, copy)
  }
  return wrong
}

function tell ({ name, place }: Copy): string {
  return `${name} at ${place}`
}

function nameOf ({ id, partition, offset }: Result): string {
  return `${id} of ${partition}@${offset}`
}
