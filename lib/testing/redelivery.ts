import { assertionError } from './assertion-text.js'
import type { Faults } from './faults.js'
import { placeOf } from './recorded.js'
import type { Recorder } from './recorder.js'
import { shown } from './expected.js'
import type { TrackedSession } from './session-types.js'

type Session = TrackedSession<unknown>
type Run = () => Promise<Session>

/** Runs of a call in which a rebalance of the group may redeliver messages, before the comparison is given up. */
const MAX_RUNS = 3

/**
 * Runs a call as it is, and then with each message delivered twice to its handler. Both must publish the same.
 *
 * @throws FASTSTREAM_ERR_ASSERTION with what differs
 */
export async function compareRedelivered (run: Run, faults: Faults, recorder: Recorder): Promise<void> {
  const once = textsOf(await runOnce(run, recorder))
  const twice = await faults.twice(async () => textsOf(await run()))
  const [missing, surplus] = [without(once, twice), without(twice, once)]
  if (missing.length + surplus.length === 0) return
  throw assertionError([
    'with each message delivered twice, other messages were published:',
    ...missing.map((text) => `  missing  ${text}`),
    ...surplus.map((text) => `  surplus  ${text}`)
  ])
}

/**
 * Runs a call until it delivers each message once. A real cluster may redeliver one at any time, which would hide that
 * its handler is not idempotent.
 */
async function runOnce (run: Run, recorder: Recorder): Promise<Session> {
  for (let runs = 1; ; runs++) {
    const session = await run()
    const redelivered = session.published().filter((each) => {
      return recorder.message(each).deliveries.some(({ isRedelivered }) => isRedelivered)
    })
    if (redelivered.length === 0) return session
    if (runs < MAX_RUNS) continue
    throw assertionError([
      `the group redelivered messages by itself in each of ${MAX_RUNS} runs, which so cannot be compared:`,
      ...redelivered.map((each) => `  ${placeOf(each)}`)
    ])
  }
}

/** Messages without what differs from run to run: their offsets and partitions. */
function textsOf (session: Session): string[] {
  return session.published().map(({ topic, key, value }) => `${topic}, key ${shown(key)}: ${shown(value)}`)
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
