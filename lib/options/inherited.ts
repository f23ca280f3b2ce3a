import type {
  AckPolicy, BreakerOptions, DeadLetterOptions, Decoder, LayerOptions, Middleware, Parser, RetryOptions
} from '../../types/index.js'
import { anyNumber, choice, flag, functionOf, milliseconds, someText, wholeNumber } from './checks.js'
import { callable, onlyKnown, text } from './assert.js'
import { checkCodec, checkDecoder, checkParser, type CodecSettings } from './codec.js'
import { CONSUMER, type ConsumerSettings } from './consumer-options.js'
import { checkMiddleware } from './middlewares.js'
import { accumulated, defaultsOf, optionsOf, resolveOptions, type OptionTable } from './option.js'
import type { BreakerSettings, DeadLetterTopic, MessageLogLevel, Ordering, RetrySettings } from './settings.js'
import { checkTopic, checkTopicPrefix } from './topic-name.js'

/** Settings that the inherited options resolve to. */
export interface InheritedSettings extends ConsumerSettings {
  readonly groupId: string | null | undefined
  readonly handlerTimeout: number
  readonly stuckAfter: number
  readonly bodyLimit: number
  readonly ackPolicy: AckPolicy
  readonly retry: RetrySettings
  readonly deadLetter: DeadLetterTopic
  readonly breaker: BreakerSettings | false
  readonly ordering: Ordering
  readonly concurrency: number
  readonly codec: CodecSettings
  readonly decoder: readonly Decoder[]
  readonly parser: readonly Parser[]
  readonly messageLogLevel: MessageLogLevel
  readonly includeInSchema: boolean
  readonly middlewares: readonly Middleware[]
  /** The prefixes of all layers. */
  readonly topicPrefix: string
  readonly tags: readonly string[]
}

/** Kafka's default of `message.max.bytes`, the largest record batch of a topic. */
const MESSAGE_MAX_BYTES = 1024 * 1024 + 12

/** In any 10 minutes a database that is away costs fewer dead letters than people can look at. */
const BREAKER: BreakerSettings = { window: 600_000, ratio: 0.5, minimum: 50 }

/**
 * The one table of the options that a subscriber inherits. The plugin, scopes, routers and subscribers read it, so a
 * new option needs one row here, its type in `InheritedOptions`, and the code that reads the setting. A list that grows
 * from layer to layer is `accumulated`.
 */
export const INHERITED: OptionTable<LayerOptions, InheritedSettings> = {
  groupId: {
    default: undefined,
    check: checkGroupId,
    shown: "none; in memory 'fastify-faststream'",
    doc: 'the consumer group that stores the offsets. Required on a real cluster; ' +
      '`null`: [no group](consumers.md#no-group)'
  },
  ...CONSUMER,
  handlerTimeout: {
    default: 60_000,
    check: milliseconds(1),
    doc: 'ms; after this time `message.signal` aborts and the run of the handler has failed'
  },
  stuckAfter: {
    default: 60_000,
    check: milliseconds(1),
    doc: 'ms; a partition whose first unsettled message does not change for this time, and for `handlerTimeout`, is ' +
      'not [healthy](operations.md#health)'
  },
  bodyLimit: {
    default: MESSAGE_MAX_BYTES,
    check: wholeNumber(1),
    shown: "1_048_588, as Kafka's `message.max.bytes`",
    doc: 'bytes of a message, uncompressed. A larger message is not decoded; ' +
      'it becomes a [dead letter](subscribing.md#when-a-message-fails) without its value'
  },
  ackPolicy: {
    default: 'REJECT_ON_ERROR',
    check: choice('ACK_FIRST', 'ACK', 'REJECT_ON_ERROR', 'NACK_ON_ERROR', 'MANUAL'),
    doc: "what settles a message: `'ACK_FIRST'`, `'ACK'`, `'REJECT_ON_ERROR'`, `'NACK_ON_ERROR'` or `'MANUAL'`, " +
      'see [when a message fails](subscribing.md#when-a-message-fails)'
  },
  retry: {
    default: { retries: 5, delay: 200, factor: 2, maxDelay: 30_000, jitter: 0.2, retryOn: () => true },
    check: optionsOf<RetryOptions, RetrySettings>({
      retries: wholeNumber(0),
      delay: milliseconds(0),
      factor: anyNumber(1),
      maxDelay: milliseconds(0),
      jitter: anyNumber(0, 1),
      retryOn: functionOf('the error')
    }),
    shown: '{ retries: 5, delay: 200, factor: 2, maxDelay: 30_000, jitter: 0.2, retryOn: () => true }',
    doc: 'the further runs of a handler that threw; times in ms. A member that is left out is inherited'
  },
  deadLetter: {
    default: deadLettersOf((topic) => `${topic}.dlq`),
    check: checkDeadLetter,
    shown: "{ topic: (topic) => topic + '.dlq' }",
    doc: 'the topic of [dead letters](subscribing.md#dead-letters). ' +
      '`false`: a message that cannot be handled is logged and skipped'
  },
  breaker: {
    default: BREAKER,
    check: checkBreaker,
    doc: 'the [storm breaker](mend.md#storm-breaker): when `ratio` of the last `minimum` attempts, none older ' +
      'than `window` ms, fail alike, messages wait instead of becoming dead letters. `false`: there is none'
  },
  ordering: {
    default: 'partition',
    check: choice('partition', 'key', 'none'),
    doc: "what is handled one after the other: a `'partition'`, a `'key'` or `'none'`, " +
      'see [order](subscribing.md#order)'
  },
  concurrency: {
    default: 16,
    check: wholeNumber(1),
    doc: 'how many messages a subscriber handles at the same time'
  },
  codec: {
    default: { value: undefined, key: undefined },
    check: checkCodec,
    shown: 'values by their content type, keys with a schema as text',
    doc: "the [format on the wire](codecs.md): `'json'`, `'text'`, `'bytes'`, a codec, or `{ value, key }`. " +
      'Publishers inherit it, too'
  },
  decoder: {
    default: [],
    check: checkDecoder,
    shown: 'none',
    doc: 'decodes values in the place of the codec, or [around it](codecs.md#decoders-and-parsers)'
  },
  parser: {
    default: [],
    check: checkParser,
    shown: 'none',
    doc: 'finds value, key and headers [in a record](codecs.md#decoders-and-parsers)'
  },
  messageLogLevel: {
    default: 'debug',
    check: choice('debug', 'info', 'silent'),
    doc: "the level of the [log line](operations.md#logs) that ends each message: `'debug'`, `'info'` or `'silent'`"
  },
  includeInSchema: {
    default: true,
    check: flag,
    doc: '`false`: the [AsyncAPI document](asyncapi.md) leaves it out. Publishers inherit it, too'
  },
  middlewares: {
    default: [],
    check: accumulated(checkMiddleware),
    shown: 'none',
    doc: '[code around messages](middlewares.md), the outermost first. ' +
      'Those of plugin, scopes, routers and subscriber are put together, and publishers inherit them, too'
  },
  topicPrefix: {
    default: '',
    check: (option, given, inherited) => inherited + checkTopicPrefix(option, given),
    shown: 'none',
    doc: 'what all topics begin with, see [scopes](routers.md#a-scope); not an option of a subscriber. ' +
      'Prefixes of plugin, scopes and routers follow one another'
  },
  tags: {
    default: [],
    check: accumulated(someText),
    shown: 'none',
    doc: 'the names of tags in the [AsyncAPI document](asyncapi.md). Publishers inherit them, too. ' +
      'Those of plugin, scopes, routers and subscriber are put together'
  }
}

/** The names of the options that a subscriber has: a subscriber names its topics, so it has no prefix. */
export const OF_SUBSCRIBERS = Object.keys(INHERITED).filter((name) => name !== 'topicPrefix')

const DEFAULTS = defaultsOf(INHERITED)

/** Lays `layers` over `inherited`, the outermost layer first: the nearest layer that names an option wins. */
export function resolveInherited (layers: readonly LayerOptions[], inherited = DEFAULTS): InheritedSettings {
  return resolveOptions(INHERITED, inherited, layers)
}

function checkGroupId (option: string, groupId: string | null): string | null {
  if (groupId !== null) text(option, groupId)
  return groupId
}

function checkDeadLetter (option: string, deadLetter: DeadLetterOptions | false): DeadLetterTopic {
  if (deadLetter === false) return () => undefined
  onlyKnown(`${option}.`, deadLetter, ['topic'])
  const { topic } = deadLetter
  if (topic === undefined) return INHERITED.deadLetter.default
  if (typeof topic === 'function') {
    callable(`${option}.topic`, topic, 'must be a topic or a function of the topic')
    return deadLettersOf(topic)
  }
  checkTopic(topic)
  return () => topic
}

const checkBreakerOptions = optionsOf<BreakerOptions, BreakerSettings>({
  window: milliseconds(1),
  ratio: anyNumber(0.1, 1),
  minimum: wholeNumber(2, 10_000)
})

function checkBreaker (
  option: string, given: BreakerOptions | false, inherited: BreakerSettings | false
): BreakerSettings | false {
  return given !== false && checkBreakerOptions(option, given, inherited === false ? BREAKER : inherited)
}

/** Checks each name that is made of a topic: the topic may be legal, and the name too long. */
function deadLettersOf (nameOf: (topic: string) => string): DeadLetterTopic {
  return (origin) => {
    const cure = "name another one in 'deadLetter.topic', or write deadLetter: false"
    return checkTopic(nameOf(origin), ` (it is the dead-letter topic of '${origin}': ${cure})`)
  }
}
