import type { Delivery } from '../consume/pipeline/delivery.js'
import type { ErasedPipeline } from '../consume/pipeline/pipeline.js'
import { RoutingPipeline } from '../consume/pipeline/routing-pipeline.js'
import type { SubscriberPlan, SubscriberSettings } from '../consume/pipeline/subscriber-plan.js'
import { FASTSTREAM_ERR_UNMATCHED } from '../errors.js'
import { visible } from '../foreign-text.js'
import { codeOf } from '../members.js'
import { SkipMessage } from '../message/ack.js'
import { ArrivedMessage } from '../message/arrived-message.js'
import { hasCodecs } from '../message/decode-by-rules.js'
import type { ReceivedMessage } from '../message/received-message.js'
import { reasonOf, toError } from '../to-error.js'
import type { Cases, Filter } from './cases.js'
import type { SubscriberDeclaration } from './declaration.js'
import type { CompiledSubscriber } from './subscriber.js'

/* Several subscribers of one topic in one group: each message goes to the first one that takes it. */

type Sharing = readonly [CompiledSubscriber, ...CompiledSubscriber[]]
type Create = (plan: SubscriberPlan<ReceivedMessage>, declaration: SubscriberDeclaration) => ErasedPipeline
type Pipelines = ReadonlyMap<CompiledSubscriber, ErasedPipeline>
/** Returns the pipeline of a message that it takes. Throws when no other one may take the message. */
type Selector = (message: ArrivedMessage) => ErasedPipeline | undefined

/** Characters of what `by` returned that an error shows: a sender chooses them. */
const SHOWN = 100

/** The pipeline of all that read the same topics in one group, in the order of their declarations. */
export function pipelineOf (subscribers: Sharing, create: Create): ErasedPipeline {
  const [first] = subscribers
  const { cases, filter } = first.declaration
  if (cases === undefined && filter === undefined) return create(first, first.declaration)
  const settings = settingsOf(subscribers)
  const pipelines: Pipelines = new Map(subscribers.map((each) => [each, create(each, each.declaration)]))
  const reasons = new WeakMap<Delivery, Error>()
  const replies = subscribers.find(({ replies }) => replies !== undefined)?.replies
  const plan = unmatchedPlan(first, { ...settings, replies }, (delivery) => reasons.get(delivery)!)
  const unmatched = create(plan, first.declaration)
  const select = selectorOf(subscribers, pipelines)
  const rules = {
    bodyLimit: Math.max(...subscribers.map(({ bodyLimit }) => bodyLimit)),
    hasCodecs: subscribers.some(({ rules }) => hasCodecs(rules))
  }
  function choose (delivery: Delivery): ErasedPipeline {
    const message = new ArrivedMessage(delivery, rules)
    try {
      const chosen = select(message)
      delivery.decoded = ArrivedMessage.decodedOf(message)
      return chosen
    } catch (thrown) {
      reasons.set(delivery, toError(thrown))
      return unmatched
    }
  }
  return new RoutingPipeline(settings, [...pipelines.values(), unmatched], choose)
}

/** Settings of the queue. Its subscribers agree on those that it reads. */
function settingsOf (subscribers: Sharing): SubscriberSettings {
  const [first] = subscribers
  const names = new Set(subscribers.map(({ name, topics, declaration: { cases } }) => cases ? topics.join(',') : name))
  return {
    ...first,
    name: [...names].join(', '),
    deadLetterTopic: (topic) => first.deadLetterTopic(topic),
    isDeadLetterOf: (topic, origin) => first.isDeadLetterOf(topic, origin)
  }
}

/**
 * The way of a message that no subscriber takes: it cannot be decoded, or it is skipped. The middlewares and error
 * handlers of the first subscriber see it.
 */
function unmatchedPlan (
  { around, onFailure, handle, release, prepare }: CompiledSubscriber,
  settings: SubscriberSettings & Pick<CompiledSubscriber, 'replies'>,
  reasonOf: (delivery: Delivery) => Error
): SubscriberPlan<ReceivedMessage> {
  function decode (delivery: Delivery): never {
    throw reasonOf(delivery)
  }
  return { ...settings, around, onFailure, decode, handle, release, prepare }
}

function selectorOf (subscribers: Sharing, pipelines: Pipelines): (message: ArrivedMessage) => ErasedPipeline {
  const selectors = selectorsOf(subscribers, pipelines)
  return function select (message) {
    for (const select of selectors) {
      const chosen = select(message)
      if (chosen !== undefined) return chosen
    }
    throw new FASTSTREAM_ERR_UNMATCHED(message.topic, 'no filter takes it')
  }
}

function selectorsOf (subscribers: Sharing, pipelines: Pipelines): readonly Selector[] {
  const selectors = new Map<object, Selector>()
  for (const subscriber of subscribers) {
    const { cases, filter } = subscriber.declaration
    const pipeline = pipelines.get(subscriber)!
    if (cases === undefined) selectors.set(subscriber, byFilter(filter, pipeline))
    else if (!selectors.has(cases.of)) selectors.set(cases.of, byCase(cases.of, pipelines))
  }
  return [...selectors.values()]
}

function byFilter (filter: Filter | undefined, pipeline: ErasedPipeline): Selector {
  if (filter === undefined) return () => pipeline
  return function select (message) {
    const takes: unknown = ask('filter', filter, message)
    if (typeof takes === 'boolean') return takes ? pipeline : undefined
    const reason = `'filter' must return true or false, and returned a value of type ${typeof takes}`
    throw new FASTSTREAM_ERR_UNMATCHED(message.topic, reason)
  }
}

/** The last selector of its topic: what it does not take is taken by no other. */
function byCase (of: Cases, all: Pipelines): Selector {
  const pipelines = new Map<unknown, ErasedPipeline>()
  for (const [{ declaration: { cases } }, pipeline] of all) if (cases?.of === of) pipelines.set(cases.name, pipeline)
  const otherwise = pipelines.get(undefined)
  return function select (message) {
    const returned: unknown = ask('by', of.by, message)
    const name = typeof returned === 'number' ? String(returned) : returned
    const chosen = pipelines.get(name) ?? otherwise
    if (chosen !== undefined) return chosen
    if (of.skips) throw new SkipMessage()
    throw new FASTSTREAM_ERR_UNMATCHED(message.topic, `'by' returned ${shown(name)}, and 'cases' has no such name`)
  }
}

function shown (name: unknown): string {
  if (name === undefined || name === null) return String(name)
  return typeof name === 'string' ? `'${visible(name, SHOWN)}'` : `a value of type ${typeof name}`
}

/** Calls a function of the user. Its errors are those of the message, but for its wish to skip it. */
function ask (option: string, question: (message: ArrivedMessage) => unknown, message: ArrivedMessage): unknown {
  try {
    return question(message)
  } catch (cause) {
    if (cause instanceof SkipMessage || String(codeOf(cause)).startsWith('FASTSTREAM_ERR_')) throw cause
    throw new FASTSTREAM_ERR_UNMATCHED(message.topic, `'${option}' threw: ${reasonOf(cause)}`, { cause })
  }
}
