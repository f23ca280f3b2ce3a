import type { InheritedOptions, Middleware, RebalanceListener } from '../../types/index.js'
import type { Deps } from '../deps/scopes.js'
import { FASTSTREAM_ERR_GROUP_REQUIRED } from '../errors.js'
import type { CodecSettings } from '../options/codec.js'
import { checkGroupless, checkTimes } from '../options/consumer-options.js'
import { resolveInherited, type InheritedSettings } from '../options/inherited.js'
import type { DeadLetterTopic } from '../options/settings.js'
import type { Settings } from '../options/plugin-options.js'
import { checkTopic } from '../options/topic-name.js'
import type { TopicPattern } from '../options/topic-pattern.js'
import type { PublisherDeclaration, SubscriberDeclaration } from './declaration.js'
import { depsIn, nameOf, type Layer } from './layers.js'

/* Resolves what declarations inherit, and checks what can be known only then. */

/** A subscriber as far as it is known while plugins load: more layers may come. */
export interface SubscriberPreview extends InheritedSettings {
  readonly declaration: SubscriberDeclaration
  /** The name of its handler, else its topics. */
  readonly name: string
  /** Names, and the texts of patterns. */
  readonly topics: readonly string[]
  /** Those of its topics that are patterns. */
  readonly patterns: readonly TopicPattern[]
}

/** A subscriber with every inherited option resolved. Frozen. */
export interface SubscriberSettings extends SubscriberPreview {
  readonly groupId: string | null
  readonly listener: RebalanceListener | undefined
  /** Partitions chosen by hand, of each of its topics; undefined: those that its group assigns. */
  readonly partitions: readonly number[] | undefined
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

/** Settings of a subscriber whose messages are asked for: each of them is handed over when it is asked for. */
const ONE_BY_ONE = { ordering: 'none', concurrency: 0 } as const
const READING = {
  first: { ...ONE_BY_ONE, ackPolicy: 'ACK_FIRST' },
  byHand: { ...ONE_BY_ONE, ackPolicy: 'MANUAL' }
} as const

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
  const { topicPrefix } = inherited
  const topics = declaration.topics.map((topic) => topicPrefix + topic)
  const patterns = declaration.patterns.map((pattern) => pattern.behind(topicPrefix))
  return {
    ...inherited,
    declaration,
    name: subscriberName(declaration, topics.join(',')),
    topics,
    patterns,
    groupId: groupOf(declaration, inherited, settings)
  }
}

/**
 * Partitions that are chosen by hand need no group. A subscriber that comes and goes inherits none: the others of the
 * group would rebalance. undefined: one must be named.
 */
function groupOf (
  { partitions, dynamic, options }: SubscriberDeclaration, { groupId }: InheritedSettings, { transport }: Settings
): string | null | undefined {
  if (dynamic) return options.groupId ?? null
  if (groupId !== undefined) return groupId
  if (partitions !== undefined) return null
  return transport === 'memory' ? DEFAULT_GROUP : undefined
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
  const { groupId, deadLetter, topicPrefix } = preview
  const names = namesOf(preview)
  const where = whereOf(preview)
  if (groupId === undefined) throw new FASTSTREAM_ERR_GROUP_REQUIRED(where)
  for (const topic of names) checkTopic(topic, originOf(topicPrefix, where))
  checkTimes({ ...settings, ...preview }, ` (${where})`)
  if (groupId === null) checkGroupless(declaration.options, 'groupId: null', ` (${where})`)
  else if (declaration.partitions !== undefined) checkGroupless(declaration.options, "'partitions'", ` (${where})`)
  return Object.freeze({
    ...preview,
    ...declaration.isRead && READING[preview.ackPolicy === 'ACK_FIRST' ? 'first' : 'byHand'],
    groupId,
    listener: declaration.listener,
    partitions: declaration.partitions,
    deps: depsIn([...layers, declaration]),
    deadLetterTopics: deadLetterTopics ?? deadLetterTopicsOf(names, deadLetter)
  })
}

/** Its topics without patterns. */
export function namesOf (
  { topics, patterns }: Pick<SubscriberPreview, 'topics' | 'patterns'>
): readonly string[] {
  return patterns.length === 0 ? topics : topics.filter((topic) => !patterns.some(({ text }) => text === topic))
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
export function whereOf ({ name, topics, declaration: { scope } }: SubscriberPreview): string {
  const handler = name === topics.join(',') ? '' : `'${name}' `
  return `subscriber ${handler}of '${topics.join(', ')}' in scope '${nameOf(scope)}'`
}

/** Says where a topic comes from that is no name of Kafka's only because of its prefix. */
function originOf (topicPrefix: string, where: string): string {
  return ` (it begins with the topicPrefix '${topicPrefix}', for the ${where})`
}
