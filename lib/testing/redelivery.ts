import { assertionError } from './assertion-text.js'
import type { Faults } from './faults.js'
import type { PublishedRecord } from './published.js'
import { shown } from './expected.js'
import type { TrackedSession } from './session-types.js'

type Run = () => Promise<TrackedSession<unknown>>

/**
 * Runs a call as it is, and then with each message delivered twice to its handler. Both must publish the same.
 *
 * @throws FASTSTREAM_ERR_ASSERTION with what differs
 */
export async function compareRedelivered (run: Run, faults: Faults): Promise<void> {
  const once = textsOf((await run()).published())
  const twice = await faults.twice(async () => textsOf((await run()).published()))
  const [missing, surplus] = [without(once, twice), without(twice, once)]
  if (missing.length + surplus.length === 0) return
  throw assertionError([
    'with each message delivered twice, other messages were published:',
    ...missing.map((text) => `  missing  ${text}`),
    ...surplus.map((text) => `  surplus  ${text}`)
  ])
}

/** Messages without what differs from run to run: their offsets and partitions. */
function textsOf (records: readonly PublishedRecord[]): string[] {
  return records.map(({ topic, key, value }) => `${topic}, key ${shown(key)}: ${shown(value)}`)
}

/** The texts that the others do not have, each as often as it is too much. */
function without (texts: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return texts.filter((text) => {
    const at = left.indexOf(text)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}
