import type { DeadLetter, DeadLetterCause } from '../../types/index.js'
import { DEAD_LETTER_PREFIX, readDeadLetterHeaders } from '../message/dead-letter-headers.js'
import { MESSAGE_LIMIT, NAME_LIMIT, oneLine, visibleLines } from '../foreign-text.js'
import { dateOf, validDate } from '../message/timestamp.js'
import type { RawHeader } from '../transport/transport.js'

/*
 * The headers that other programs write on their dead letters. Each dialect names the headers of the facts that it
 * has. Their values may come from any sender: reading never throws.
 */

type Fact = 'topic' | 'partition' | 'offset' | 'timestamp' | 'group' | 'subscriber' | 'stage' | 'error' | 'message' |
  'cause' | 'causeMessage' | 'stack' | 'attempts' | 'failedAt'

interface Dialect {
  readonly name: string
  /** The beginnings of all of its headers. */
  readonly prefixes: readonly string[]
  readonly headers: Readonly<Partial<Record<Fact, string>>> & { readonly topic: string }
}

/** A dialect whose headers begin alike; `names` are their ends. */
function prefixed (name: string, prefix: string, names: Dialect['headers'], prefixes = [prefix]): Dialect {
  const headers = Object.fromEntries(Object.entries(names).map(([fact, end]) => [fact, prefix + end]))
  return { name, prefixes, headers: { ...names, ...headers } }
}

const SHARE_GROUP = 'share-group'
const PLACE = { topic: 'topic', partition: 'partition', offset: 'offset' }
const SPRING = {
  topic: 'original-topic',
  partition: 'original-partition',
  offset: 'original-offset',
  timestamp: 'original-timestamp',
  error: 'exception-fqcn',
  message: 'exception-message',
  stack: 'exception-stacktrace'
}
const SMALLRYE = {
  ...PLACE, error: 'exception-class-name', message: 'reason', cause: 'cause-class-name', causeMessage: 'cause'
}
const STREAMS = { ...PLACE, error: 'exception', message: 'message', stack: 'stacktrace' }

/** As the sources of these programs name them: docs/mend.md has the list. */
const DIALECTS: readonly Dialect[] = [
  prefixed('spring', 'kafka_dlt-', {
    ...SPRING, group: 'original-consumer-group', cause: 'exception-cause-fqcn'
  }, ['kafka_dlt-', 'retry_topic-']),
  prefixed('spring', 'kafka_', SPRING, ['kafka_original-', 'kafka_exception-', 'retry_topic-']),
  prefixed('spring-cloud-stream', 'x-', SPRING, ['x-original-', 'x-exception-']),
  prefixed('smallrye', 'dead-letter-', SMALLRYE),
  prefixed('smallrye', 'delayed-retry-', { ...SMALLRYE, timestamp: 'original-timestamp', attempts: 'count' }),
  prefixed('connect', '__connect.errors.', {
    ...PLACE,
    subscriber: 'connector.name',
    stage: 'stage',
    error: 'exception.class.name',
    message: 'exception.message',
    stack: 'exception.stacktrace'
  }),
  // Kafka 4.2, KIP-1034: org.apache.kafka.streams.errors.internals.ExceptionHandlerUtils.
  prefixed('streams', '__streams.errors.', STREAMS),
  // KIP-1191: org.apache.kafka.server.share.dlq.ShareGroupDLQStateManager in the jar kafka-server of Kafka 4.4.0.
  prefixed(SHARE_GROUP, '__dlq.errors.', {
    ...PLACE, group: 'group', message: 'message', attempts: 'delivery.count'
  }),
  // The draft KIP-1317.
  prefixed(SHARE_GROUP, '_dlq.errors.', {
    topic: 'original.topic', partition: 'original.partition', offset: 'original.offset', stage: 'disposition'
  }),
  {
    name: 'wolverine',
    prefixes: [
      'original-destination', 'original-partition', 'original-offset', 'exception-type', 'exception-message',
      'exception-stack', 'failed-at'
    ],
    headers: {
      topic: 'original-destination',
      partition: 'original-partition',
      offset: 'original-offset',
      error: 'exception-type',
      message: 'exception-message',
      stack: 'exception-stack',
      failedAt: 'failed-at'
    }
  },
  {
    name: 'watermill',
    prefixes: ['reason_poisoned', 'topic_poisoned', 'handler_poisoned', 'subscriber_poisoned'],
    headers: { topic: 'topic_poisoned', message: 'reason_poisoned', subscriber: 'handler_poisoned' }
  }
]

/** A dead letter as its headers tell, and the headers of its message. */
export interface ReadLetter {
  readonly dialect: string
  readonly deadLetter: DeadLetter
  readonly messageHeaders: readonly RawHeader[]
}

/** Undefined when the headers are those of no dead letter. `isEmpty`: the record has neither key nor value. */
export function readLetter (headers: readonly RawHeader[], isEmpty = false): ReadLetter | undefined {
  const own = readDeadLetterHeaders(headers)
  if (own !== undefined) return read('faststream', own, headers, [DEAD_LETTER_PREFIX])
  for (const { name, prefixes, headers: names } of DIALECTS) {
    const values = new Map(Object.entries(names).map(([fact, name]) => [fact, valueOf(headers, name)]))
    const topic = topicOf(values.get('topic'))
    if (topic === undefined) continue
    const letter = read(name, foreign(topic, values), headers, prefixes)
    return name === SHARE_GROUP ? withOmissions(letter, isEmpty) : letter
  }
  return undefined
}

/**
 * Kafka copies key and value when `errors.deadletterqueue.copy.record.enable` is set for the group, which it is not by
 * default, and 4.4.0 copies no headers. What is not there may not have been copied.
 */
function withOmissions (letter: ReadLetter, isEmpty: boolean): ReadLetter {
  const headersOmitted = letter.messageHeaders.length === 0
  const omitted = isEmpty && headersOmitted
  return { ...letter, deadLetter: { ...letter.deadLetter, valueOmitted: omitted, keyOmitted: omitted, headersOmitted } }
}

function read (
  dialect: string, deadLetter: DeadLetter, headers: readonly RawHeader[], prefixes: readonly string[]
): ReadLetter {
  const messageHeaders = headers.filter(([name]) => !prefixes.some((prefix) => name.startsWith(prefix)))
  return { dialect, deadLetter, messageHeaders }
}

function foreign (topic: string, values: ReadonlyMap<string, Buffer | undefined>): DeadLetter {
  const text = (fact: Fact, limit = NAME_LIMIT): string | undefined => {
    const value = values.get(fact)
    return value && oneLine(value.toString(), limit)
  }
  const whole = (fact: Fact): bigint | undefined => wholeOf(values.get(fact))
  const timestamp = whole('timestamp')
  const stack = values.get('stack')
  return {
    topic,
    partition: Number(whole('partition') ?? -1n),
    offset: whole('offset') ?? -1n,
    timestamp: timestamp === undefined ? undefined : dateOf(Number(timestamp)),
    groupId: text('group'),
    subscriber: text('subscriber'),
    stage: text('stage') ?? 'unknown',
    error: {
      name: text('error') ?? '',
      message: text('message', MESSAGE_LIMIT) ?? '',
      code: undefined,
      cause: causeOf(text('cause'), text('causeMessage', MESSAGE_LIMIT)),
      dependency: undefined,
      stack: stack && visibleLines(stack.toString(), 4 * MESSAGE_LIMIT)
    },
    validation: undefined,
    attempts: Number(whole('attempts') ?? 1n),
    trips: 0,
    firstFailureAt: undefined,
    failedAt: validDate(text('failedAt') ?? ''),
    valueOmitted: false,
    keyOmitted: false,
    headersOmitted: false
  }
}

function causeOf (name: string | undefined, message: string | undefined): DeadLetterCause | undefined {
  if (name === undefined && message === undefined) return undefined
  return { name: name ?? '', message: message ?? '', code: undefined, cause: undefined }
}

function valueOf (headers: readonly RawHeader[], name: string): Buffer | undefined {
  return headers.findLast((header) => header[0] === name)?.[1] ?? undefined
}

/** Wolverine writes an address, such as `kafka://topic/orders`. */
function topicOf (value: Buffer | undefined): string | undefined {
  const text = value?.toString().replace(/^[a-z]+:\/\/(?:.*\/)?/, '')
  return text === '' ? undefined : text
}

/** A number as text, or in 4 or 8 bytes, as Spring writes it. */
function wholeOf (value: Buffer | undefined): bigint | undefined {
  if (value === undefined) return undefined
  const text = value.toString('latin1')
  if (/^-?\d{1,19}$/.test(text)) return BigInt(text)
  if (value.length === 4) return BigInt(value.readInt32BE())
  return value.length === 8 ? value.readBigInt64BE() : undefined
}
