import { hasResult, RESULTS } from './app.js'
import { historyOf, readTopic } from './evidence.js'
import type { Setting } from './setting.js'
import type { World } from './world.js'

interface Result {
  readonly id: string
  readonly partition: number
  readonly offset: number
}

/** One copy of a result in the log, or one time that a message was handled. */
interface Copy {
  readonly name: string
  /** Of the message. */
  readonly offset: number
  /** Where it is, or when it was. */
  readonly at: string
  /** What must be in order with it: the same lane, and the same partition of the results. */
  readonly order: string
}

/**
 * Each message that was handled has its result in the log. Those of one lane are there in the order of their messages,
 * by the first copy of each: a redelivery is always later.
 *
 * In the `quiet` climate they are in order by the last copy of each, too, and so are the last times that messages were
 * handled: what is repeated is repeated to its end. Elsewhere an app that has lost its partition may still store what
 * it has sent, or go on with what it handles.
 */
export function wrongResults (world: World): string[] {
  const { setting } = world
  if (!setting.results) return []
  const copies = readTopic(world, RESULTS).map(({ partition, offset, value }) => {
    const result = JSON.parse(String(value)) as Result
    const order = `${laneOf(setting, result)} ${partition}`
    return { name: nameOf(result), offset: result.offset, at: `${partition}@${offset}`, order }
  })
  const wrong = disorder(copies).map((pair) => `result order: ${pair}`)
  const done = historyOf(world).effects.filter(({ done }) => done)
  if (setting.climate === 'quiet') {
    wrong.push(...disorder(copies.reverse(), -1).map((pair) => `order of last results: ${pair}`))
    const handled = [...done].sort((a, b) => b.end - a.end).map((effect) => (
      { name: nameOf(effect), offset: effect.offset, at: `${effect.end} ms`, order: laneOf(setting, effect) }))
    wrong.push(...disorder(handled, -1).map((pair) => `order of last handling: ${pair}`))
  }
  const found = new Set(copies.map(({ name }) => name))
  for (const effect of done) {
    const name = nameOf(effect)
    if (hasResult(Number(effect.id.split(':')[1])) && !found.has(name)) wrong.push(`result lost: ${name}`)
  }
  return wrong
}

/** The first copy of each that is not in order with the one of its lane before. */
function disorder (copies: readonly Copy[], direction = 1): string[] {
  const wrong: string[] = []
  const last = new Map<string, Copy>()
  const found = new Set<string>()
  for (const copy of copies) {
    const { name, offset, at, order } = copy
    const id = `${order} ${name}`
    if (found.has(id)) continue
    found.add(id)
    const before = last.get(order)
    if (before !== undefined && (offset - before.offset) * direction < 0) {
      wrong.push(`${name} (${at}) and ${before.name} (${before.at})`)
    }
    last.set(order, copy)
  }
  return wrong
}

function laneOf ({ ordering }: Setting, { id, partition }: Result): string {
  return ordering === 'key' ? `${partition} ${id.split(':')[0]}` : String(partition)
}

function nameOf ({ id, partition, offset }: Result): string {
  return `${id} of ${partition}@${offset}`
}
