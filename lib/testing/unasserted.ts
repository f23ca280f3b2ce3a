import { assertionError } from './assertion-text.js'
import type { RecordedDelivery } from './recorded.js'
import type { Recorder } from './recorder.js'

const CURE = 'read broker.errors or the dead letter in the test, or write allowFailures: true if that does not matter'

/**
 * Fails when messages have failed and the test has read nothing of it. Tells each failure once.
 *
 * @throws FASTSTREAM_ERR_ASSERTION
 */
export function checkAsserted ({ deliveries }: Recorder): void {
  const unasserted = deliveries.filter(({ isAsserted, failure }) => !isAsserted && failure !== undefined)
  if (unasserted.length === 0) return
  for (const delivery of unasserted) delivery.isAsserted = true
  const count = unasserted.length === 1 ? 'a message has' : `${unasserted.length} messages have`
  throw assertionError([`${count} failed, and the test does not say so:`, ...unasserted.map(lineOf)], CURE)
}

function lineOf ({ message, subscriber, failure, attempts, deadLetterTopic }: RecordedDelivery): string {
  const times = attempts.length === 1 ? '' : ` after ${attempts.length} attempts`
  const to = deadLetterTopic === undefined ? '' : `, moved to '${deadLetterTopic}'`
  const what = `${failure?.stage}${times}: ${failure?.error.message}`
  return `  ${message.place}, ${subscriber}: ${what.replaceAll(/\s*\n\s*/g, ' ')}${to}`
}
