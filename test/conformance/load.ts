import { setTimeout as wait } from 'node:timers/promises'
import type { Message } from '../../index.js'
import { Inbox } from '../support/inbox.js'

const KEYS = 40
/** How many messages are published at a time: some of them always wait for a handler. */
const BURST = 40

interface Handled {
  readonly value: number
  readonly key: string
  /** Whose handler it was. */
  readonly by: string
}

export interface Verdict {
  readonly lost: number
  readonly duplicates: number
  readonly reordered: number
  readonly overlaps: number
}

/** Numbered messages with keys, handlers that take 0 to 4 ms, and what became of all that. */
export function keyedLoad () {
  const seen = new Inbox<Handled>()
  const running = new Set<string>()
  let overlaps = 0

  /** Publishes ahead of what is handled until it is told to end; that resolves with how many there are. */
  function produce (publish: (value: number, key: string) => Promise<unknown>): { end (): Promise<number> } {
    const state = { ended: false }
    let count = 0
    async function run (): Promise<number> {
      while (!state.ended) {
        const first = count
        count += BURST
        await Promise.all(Array.from({ length: BURST }, (_, i) => publish(first + i, `k${(first + i) % KEYS}`)))
        await seen.until((items) => state.ended || items.length > count - 3 * BURST)
      }
      return count
    }
    const done = run()
    return { end () { state.ended = true; return done } }
  }

  function handler (by: string) {
    return async function handle (value: unknown, { rawKey }: Pick<Message, 'rawKey'>): Promise<void> {
      const key = String(rawKey)
      if (running.has(key)) overlaps++
      running.add(key)
      await wait(Number(value) * 7 % 5)
      running.delete(key)
      seen.add({ value: value as number, key, by })
    }
  }

  function verdict (count: number): Verdict {
    const values = seen.items.map(({ value }) => value)
    const unique = new Set(values)
    const last = new Map<string, number>()
    let reordered = 0
    for (const { key, value } of seen.items) {
      if (value < (last.get(key) ?? 0)) reordered++
      last.set(key, value)
    }
    return { lost: count - unique.size, duplicates: values.length - unique.size, reordered, overlaps }
  }

  return { seen, produce, handler, verdict }
}
