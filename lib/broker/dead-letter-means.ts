import type { DeadLetterVerdict } from '../../types/index.js'
import type { Clock } from '../clock.js'
import type { DeadLetterMeans } from '../dead-letters/dead-letters.js'
import { Letter } from '../dead-letters/letter.js'
import { MESSAGE_LIMIT, oneLine } from '../foreign-text.js'
import type { Log } from '../log.js'
import { decode } from '../message/decode.js'
import { decodeByRules, hasCodecs } from '../message/decode-by-rules.js'
import type { Sender } from '../message/outgoing.js'
import type { Settings } from '../options/plugin-options.js'
import { sizeOf } from '../produce/size.js'
import { reasonOf } from '../to-error.js'
import type { Transport } from '../transport/transport.js'
import { DeadLetterTopics } from './dead-letter-topics.js'
import type { Registry } from './registry.js'
import type { CompiledSubscriber } from './subscriber.js'

const UNKNOWN: DeadLetterVerdict = Object.freeze({ valid: undefined, violation: undefined })

/** The broker whose dead letters are read. */
export interface BrokerOfLetters extends Sender {
  readonly settings: Settings
  readonly log: Log
  readonly registry: Registry
  readonly clock: Clock
  readonly transport: Transport
  readonly compiledSubscribers: readonly CompiledSubscriber[]
}

/** What the dead letters of a broker need of it. @throws FASTSTREAM_ERR_NOT_READY while there is no cluster */
export function deadLetterMeans (broker: BrokerOfLetters): DeadLetterMeans {
  const { transport, clock, log, settings, registry, compiledSubscribers } = broker
  const topics = new DeadLetterTopics(settings.deadLetter, registry.subscribers)
  const names = registry.subscribers.flatMap(({ deadLetterTopics }) => [...deadLetterTopics.values()])
  return {
    transport,
    clock,
    log,
    deadLetterTopics: [...new Set(names)].sort(),
    isDeadLetterTopicOf: (topic, origin) => topics.isNamedBy(topic, origin),
    send: (outgoing) => broker.send(outgoing, { wait: true }),
    verdict: (letter) => verdictOf(letter, compiledSubscribers)
  }
}

/** Decodes and validates the message as the subscriber that failed would do it now. */
async function verdictOf (letter: Letter, subscribers: readonly CompiledSubscriber[]): Promise<DeadLetterVerdict> {
  const { deadLetter, rawKey: key, rawValue: value, damaged } = letter
  if (deadLetter === undefined || damaged || deadLetter.valueOmitted) return UNKNOWN
  const { topic, partition, offset, timestamp, groupId, subscriber: name } = deadLetter
  const readers = subscribers.filter(({ topics, patterns, groupId: group }) => {
    return group === (groupId ?? null) && (topics.includes(topic) || patterns.some((pattern) => pattern.matches(topic)))
  })
  const subscriber = readers.find((each) => each.name === name) ?? readers[0]
  if (subscriber === undefined) return UNKNOWN
  const headers = Letter.messageHeadersOf(letter)
  const size = sizeOf({ key, value, headers })
  const record = { offset, timestamp: timestamp?.getTime() ?? -1, key, value, headers, size }
  const { rules } = subscriber
  const { signal } = new AbortController()
  try {
    if (hasCodecs(rules)) await decodeByRules({ topic, partition, record, signal }, rules)
    else decode(record, rules)
    return { valid: true, violation: undefined }
  } catch (thrown) {
    return { valid: false, violation: oneLine(reasonOf(thrown), MESSAGE_LIMIT) }
  }
}
