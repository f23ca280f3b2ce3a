import type { InheritedOptions, Middleware, RebalanceListener } from '../../types/index.js'
import type { Deps } from '../deps/scopes.js'
import {
  FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER, FASTSTREAM_ERR_GROUP_CLASH, FASTSTREAM_ERR_GROUP_REQUIRED,
  FASTSTREAM_ERR_INVALID_OPTION
} from '../errors.js'
import { resolveBatch } from '../options/batch.js'
import type { CodecSettings } from '../options/codec.js'
import { checkGroupless, checkTimes, differenceOf } from '../options/consumer-options.js'
import { resolveInherited, type InheritedSettings } from '../options/inherited.js'
import type { BatchSettings, DeadLetterTopic } from '../options/settings.js'
import type { Settings } from '../options/plugin-options.js'
import { checkTopic } from '../options/topic-name.js'
import type { PublisherDeclaration, SubscriberDeclaration } from './declaration.js'
import { depsIn, nameOf, type Layer } from './layers.js'

/* Resolves what declarations inherit, and checks what can be known only then. */

/** A subscriber as far as it is known while plugins load: more layers may come. */
export interface SubscriberPreview extends InheritedSettings {
  readonly declaration: SubscriberDeclaration
  /** The name of its handler, else its topics. */
  readonly name: string
  readonly topics: readonly string[]
}

/** A subscriber with every inherited option resolved. Frozen. */
export interface SubscriberSettings extends SubscriberPreview {
  readonly groupId: string | null
  readonly listener: RebalanceListener | undefined
  /** undefined: one message at a time. */
  readonly batch: BatchSettings | undefined
  /** Its own and those of all layers around it. */
  readonly deps: Deps
  /** The dead-letter topic of each topic that has one. */
  readonly deadLetterTopics: ReadonlyMap<string, string>
}

/** A publisher with every inherited option resolved. Frozen. */
export interface PublisherSettings {
  readonly declaration: PublisherDeclaration
  readonly topic: string
  readonly codec: CodecSettings
  readonly includeInSchema: boolean
  readonly tags: readonly string[]
  readonly middlewares: readonly Middleware[]
}

/** The group on the memory transport, where no other app shares it. */
const DEFAULT_GROUP = 'fastify-faststream'

/** Layers of options around those of a subscriber. */
export interface Surroundings {
  /** Between the plugin and the subscriber, the outermost first. */
  readonly layers?: readonly Layer[]
  /** Layers that win over the subscriber's own. */
  readonly overrides?: readonly InheritedOptions[]
  /** The dead-letter topics, where they are known. */
  readonly deadLetterTopics?: ReadonlyMap<string, string>
}

/** Lays the layers and the subscriber's own options over those of the plugin. */
export function previewSubscriber (
  declaration: SubscriberDeclaration, settings: Settings, { layers = [], overrides = [] }: Surroundings
): SubscriberPreview {
  const { options } = declaration
  const inherited = resolveInherited([...layers, options, ...overrides], settings)
  const topics = declaration.topics.map((topic) => inherited.topicPrefix + topic)
  return {
    ...inherited,
    declaration,
    name: subscriberName(declaration, topics.join(',')),
    topics,
    groupId: inherited.groupId === undefined && settings.transport === 'memory' ? DEFAULT_GROUP : inherited.groupId
  }
}

function subscriberName ({ handler, cases }: SubscriberDeclaration, topics: string): string {
  if (cases !== undefined) return `${topics}.${cases.name ?? 'otherwise'}`
  return handler.name === '' ? topics : handler.name
}

/**
 * Resolves a subscriber when everything is declared.
 *
 * @throws FASTSTREAM_ERR_GROUP_REQUIRED, FASTSTREAM_ERR_INVALID_TOPIC, FASTSTREAM_ERR_INVALID_OPTION
 */
export function resolveSubscriber (
  declaration: SubscriberDeclaration, settings: Settings, around: Surroundings = {}
): SubscriberSettings {
  const { layers = [], deadLetterTopics } = around
  const preview = previewSubscriber(declaration, settings, around)
  const { topics, groupId, deadLetter, topicPrefix, ordering } = preview
  const where = whereOf(preview)
  if (groupId === undefined) throw new FASTSTREAM_ERR_GROUP_REQUIRED(where)
  for (const topic of topics) checkTopic(topic, originOf(topicPrefix, where))
  checkTimes({ ...settings, ...preview }, ` (${where})`)
  if (groupId === null) checkGroupless(declaration.options, ` (${where})`)
  const { batch, listener } = declaration
  return Object.freeze({
    ...preview,
    groupId,
    listener,
    batch: batch && resolveBatch(batch, { ordering, buffer: settings.buffer }, where),
    deps: depsIn([...layers, declaration]),
    deadLetterTopics: deadLetterTopics ?? deadLetterTopicsOf(topics, deadLetter)
  })
}

/** Asks once per topic: a function of the user may answer. */
function deadLetterTopicsOf (topics: readonly string[], name: DeadLetterTopic): ReadonlyMap<string, string> {
  const named = new Map<string, string>()
  for (const topic of topics) {
    const deadLetterTopic = name(topic)
    if (deadLetterTopic !== undefined) named.set(topic, deadLetterTopic)
  }
  return named
}

/** @throws FASTSTREAM_ERR_INVALID_TOPIC */
export function resolvePublisher (
  declaration: PublisherDeclaration, settings: Settings, layers: readonly Layer[] = []
): PublisherSettings {
  const inherited = resolveInherited([...layers, declaration.options], settings)
  const { codec, includeInSchema, tags, topicPrefix, middlewares } = inherited
  const origin = originOf(topicPrefix, `publisher in scope '${nameOf(declaration.scope)}'`)
  return Object.freeze({
    declaration,
    topic: checkTopic(topicPrefix + declaration.topic, origin),
    codec,
    includeInSchema,
    tags,
    middlewares
  })
}

/** Names a subscriber for an error that comes when the app is ready. */
function whereOf ({ name, topics, declaration: { scope } }: SubscriberPreview): string {
  const handler = name === topics.join(',') ? '' : `'${name}' `
  return `subscriber ${handler}of '${topics.join(', ')}' in scope '${nameOf(scope)}'`
}

/** Says where a topic comes from that is no name of Kafka's only because of its prefix. */
function originOf (topicPrefix: string, where: string): string {
  return ` (it begins with the topicPrefix '${topicPrefix}', for the ${where})`
}

/**
 * Checks a subscriber against those before it.
 *
 * @throws FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER, FASTSTREAM_ERR_GROUP_CLASH, FASTSTREAM_ERR_INVALID_OPTION
 */
export function checkTogether (before: readonly SubscriberSettings[], added: SubscriberSettings): void {
  checkGroup(before, added)
  checkDeadLetters([...before, added], added)
}

/**
 * Checks a subscriber against the others of its group. They share a client consumer: they must agree on its options,
 * and each topic must belong to one of them.
 */
function checkGroup (before: readonly SubscriberSettings[], added: SubscriberSettings): void {
  const { groupId, topics } = added
  if (groupId === null) return
  for (const other of before) {
    if (other.groupId !== groupId) continue
    const shared = topics.find((topic) => other.topics.includes(topic))
    if (shared !== undefined && !isBeside(other, added)) {
      throw new FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER(shared, groupId, whereOf(other), whereOf(added))
    }
    const option = differenceOf(other, added) ?? (shared === undefined ? undefined : queueDifferenceOf(other, added))
    if (option !== undefined) throw new FASTSTREAM_ERR_GROUP_CLASH(groupId, option, whereOf(other), whereOf(added))
  }
}

/** Whether a subscriber may follow another one of the same topic: another case, or one for what a filter left. */
function isBeside ({ declaration: { filter, cases } }: SubscriberSettings, added: SubscriberSettings): boolean {
  return filter !== undefined || (cases !== undefined && cases.of === added.declaration.cases?.of)
}

/** The first option in which two subscribers of one topic differ, and that their queue needs. */
function queueDifferenceOf (one: SubscriberSettings, other: SubscriberSettings): string | undefined {
  if (one.topics.length !== other.topics.length || !one.topics.every((topic) => other.topics.includes(topic))) {
    return 'topics'
  }
  return (['ordering', 'concurrency', 'listener', 'batch'] as const).find((name) => one[name] !== other[name])
}

/** A dead letter that comes back to the subscriber that cannot handle it would circulate without end. */
function checkDeadLetters (all: readonly SubscriberSettings[], added: SubscriberSettings): void {
  for (const topic of added.topics) {
    const path = pathBack(topic, all)
    if (path === undefined) continue
    const where = `(${path.join(' → ')}) of the ${whereOf(added)}`
    const cure = `must not lead back to '${topic}' ${where}: name another one, or write deadLetter: false`
    throw new FASTSTREAM_ERR_INVALID_OPTION('deadLetter.topic', cure)
  }
}

/** The way of a dead letter of `topic` back to `topic`, if there is one. */
function pathBack (topic: string, subscribers: readonly SubscriberSettings[]): readonly string[] | undefined {
  const ways = [{ at: topic, path: [topic] }]
  const seen = new Set<string>()
  for (const { at, path } of ways) {
    for (const { deadLetterTopics } of subscribers) {
      const next = deadLetterTopics.get(at)
      if (next === undefined) continue
      if (next === topic) return [...path, next]
      if (!seen.has(next)) ways.push({ at: next, path: [...path, next] })
      seen.add(next)
    }
  }
  return undefined
}
