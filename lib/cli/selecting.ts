import type { DeadLetterSelection, RecordMetadata } from '../../types/index.js'
import { BROKER, BROKER_HELP } from './chosen-broker.js'
import { textOf, type Command, type Values } from './command.js'
import { UsageError } from './usage-error.js'

const TEXTS = ['topic', 'group', 'subscriber', 'stage', 'error', 'code', 'key'] as const

/** The options that select dead letters. */
export const SELECTING: Command['options'] = {
  ...Object.fromEntries(TEXTS.map((name) => [name, { type: 'string' as const }])),
  'dead-letter-topic': { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  at: { type: 'string' },
  ...BROKER
}

export const SELECTING_HELP = `  --topic orders             topic of the original messages
  --dead-letter-topic x.dlq  topic of the letters
  --group, --subscriber      what failed
  --stage, --error, --code   how it failed
  --key 42                   key of the message
  --since, --until           2026-11-30T08:00:00Z
  --at orders.dlq:0:12       one letter, or several separated by commas
${BROKER_HELP}`

/** What the options select; undefined: nothing. @throws UsageError */
export function selectionOf (values: Values): DeadLetterSelection | undefined {
  const at = textOf(values, 'at')
  const selection: DeadLetterSelection = {
    ...Object.fromEntries(TEXTS.map((name) => [name, textOf(values, name)])),
    deadLetterTopic: textOf(values, 'dead-letter-topic'),
    since: timeOf(values, 'since'),
    until: timeOf(values, 'until'),
    letters: at?.split(',').map(placeOf)
  }
  return Object.values(selection).every((each) => each === undefined) ? undefined : selection
}

/** @throws UsageError */
export function placeOf (text: string): RecordMetadata {
  const [, topic, partition, offset] = /^([^:]+):(\d{1,9}):(\d{1,19})$/.exec(text.trim()) ?? []
  if (topic === undefined) throw new UsageError(`'${text}' is no place: write topic:partition:offset`)
  return { topic, partition: Number(partition), offset: BigInt(offset!) }
}

/** @throws UsageError */
export function timeOf (values: Values, name: string): Date | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new UsageError(`--${name} must be a time, as 2026-11-30T08:00:00Z`)
  return time
}

/** @throws UsageError */
export function numberOf (values: Values, name: string): number | undefined {
  const text = textOf(values, name)
  if (text === undefined) return undefined
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UsageError(`--${name} must be a number`)
  return Number(text)
}
