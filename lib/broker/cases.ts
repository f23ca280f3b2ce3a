import type {
  Dependencies, Documentation, InheritedOptions, MessageSchema, Publisher, RebalanceListener, TopicNames,
  UnvalidatedMessage
} from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { callable, isObject, noSurplus, oneOf, onlyKnown } from '../options/assert.js'
import { DOCUMENTATION } from '../options/documentation.js'
import { OF_SUBSCRIBERS } from '../options/inherited.js'
import {
  declareAt, writeReading, writeSubscriber, type GivenSubscriber, type Handler, type SubscriberDeclaration,
  type WrittenSubscriber
} from './declaration.js'
import type { Position } from './layers.js'

/* A subscriber with a handler for each type of message. Each case is declared as a subscriber of the same topics. */

export type Filter = (message: UnvalidatedMessage) => boolean

/** Parts that all cases of one subscriber share. */
export interface Cases {
  readonly by: (message: UnvalidatedMessage) => unknown
  /** Whether messages that no case takes are skipped; they become dead letters otherwise. */
  readonly skips: boolean
}

/** One of the cases. */
export interface Case {
  readonly of: Cases
  /** undefined: the handler of all messages that no other case takes. */
  readonly name: string | undefined
}

/** A case as it was written. */
interface WrittenCase extends Documentation {
  readonly handler: Handler
  readonly schema?: MessageSchema | undefined
  readonly deps?: Dependencies | undefined
  readonly publish?: Publisher | readonly Publisher[] | undefined
}

/** Options of a subscriber with cases, as they were written. */
export interface WrittenCases extends InheritedOptions {
  readonly by: (message: UnvalidatedMessage) => unknown
  readonly cases: Readonly<Record<string, WrittenCase>>
  readonly otherwise?: 'dead-letter' | 'skip' | Handler | undefined
  readonly listener?: RebalanceListener | undefined
  readonly partitions?: readonly number[] | undefined
}

/** Arguments of subscriber(), as they come. */
export type SubscriberArguments = readonly [
  topics: TopicNames, options?: GivenSubscriber | WrittenCases | Handler, handler?: Handler, ...surplus: unknown[]
]

/** One subscriber, or one for each case. Any of them stands for all: they have the same topics and options. */
export type OneOrMore<T> = readonly [T, ...T[]]

const SUBSCRIBER = 'subscriber(topics, options, handler)'
const CASES = 'subscriber(topics, { by, cases })'
const OPTIONS = ['by', 'cases', 'otherwise', 'listener', 'partitions', ...OF_SUBSCRIBERS]
const CASE_OPTIONS = ['handler', 'schema', 'deps', 'publish', ...DOCUMENTATION]

/** @throws FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC */
export function writtenBy ([topics, options, handler, ...surplus]: SubscriberArguments): OneOrMore<WrittenSubscriber> {
  noSurplus(SUBSCRIBER, surplus)
  if (typeof options === 'function') {
    if (handler !== undefined) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(SUBSCRIBER, 'the handler comes last')
    return [writeSubscriber(topics, {}, options)]
  }
  if (!hasCases(options)) return [writeSubscriber(topics, options ?? {}, handler as Handler)]
  if (handler !== undefined) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(CASES, 'each case has a handler of its own')
  const [first, ...others] = writeCases(topics, options)
  return [first as WrittenSubscriber, ...others]
}

/** Declares at a position what subscriber() was called with. */
export function declarationsOf (args: SubscriberArguments, position: Position): OneOrMore<SubscriberDeclaration> {
  const [first, ...others] = writtenBy(args)
  return [declareAt(position, first), ...others.map((written) => declareAt(position, written))]
}

/** Declares at a position what subscriber() was called with after ready(): also one without a handler. */
export function dynamicDeclarationsOf (
  args: SubscriberArguments, position: Position
): OneOrMore<SubscriberDeclaration> {
  const [topics, options, handler, ...surplus] = args
  const isRead = handler === undefined && typeof options !== 'function' && !hasCases(options)
  noSurplus(SUBSCRIBER, surplus)
  const [first, ...others] = isRead ? [writeReading(topics, options)] : writtenBy(args)
  const declare = (written: WrittenSubscriber): SubscriberDeclaration => {
    return Object.freeze({ ...declareAt(position, written), dynamic: true })
  }
  return [declare(first as WrittenSubscriber), ...others.map(declare)]
}

function hasCases (options: unknown): options is WrittenCases {
  return isObject(options) && ('cases' in options || 'by' in options)
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC */
function writeCases (topics: TopicNames, written: WrittenCases): readonly WrittenSubscriber[] {
  onlyKnown('', written, OPTIONS)
  const { by, cases, otherwise = 'dead-letter', ...options } = written
  callable('by', by, 'must be a function of the message, such as (message) => message.headers.type')
  if (!isObject(cases) || Object.keys(cases).length === 0) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('cases', "must name each type: { 'order.placed': { handler } }")
  }
  if (typeof otherwise === 'string') oneOf('otherwise', otherwise, ['dead-letter', 'skip'])
  else callable('otherwise', otherwise, "must be 'dead-letter', 'skip' or a handler")
  const of: Cases = Object.freeze({ by, skips: otherwise === 'skip' })
  const declared = Object.entries(cases).map(([name, each]) => {
    onlyKnown(`cases.${name}.`, each, CASE_OPTIONS)
    const { handler, ...own } = each
    callable(`cases.${name}.handler`, handler, 'must be a function of the value and the message')
    return writeSubscriber(topics, { ...options, ...own }, handler, { of, name })
  })
  if (typeof otherwise === 'string') return declared
  return [...declared, writeSubscriber(topics, options, otherwise, { of, name: undefined })]
}
