import type { InheritedOptions } from '../../types/index.js'
import {
  FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER, FASTSTREAM_ERR_GROUP_CLASH, FASTSTREAM_ERR_GROUP_REQUIRED,
  FASTSTREAM_ERR_INVALID_OPTION
} from '../errors.js'
import { checkGroupless, checkTimes, differenceOf } from '../options/consumer-options.js'
import { resolveInherited, type InheritedSettings } from '../options/inherited.js'
import type { DeadLetterTopic } from '../options/settings.js'
import type { Settings } from '../options/plugin-options.js'
import type { PublisherDeclaration, SubscriberDeclaration } from './declaration.js'

/* Resolves what declarations inherit, and checks what can be known only then. */

/** A subscriber with every inherited option resolved. Frozen. */
export interface SubscriberSettings extends InheritedSettings {
  readonly declaration: SubscriberDeclaration
  readonly name: string
  readonly topics: readonly string[]
  readonly groupId: string | null
  /** The dead-letter topic of each topic that has one. */
  readonly deadLetterTopics: ReadonlyMap<string, string>
}

/** A publisher with every inherited option resolved. Frozen. */
export interface PublisherSettings {
  readonly declaration: PublisherDeclaration
  readonly topic: string
  readonly includeInSchema: boolean
}

/** The group on the memory transport, where no other app shares it. */
const DEFAULT_GROUP = 'fastify-faststream'

/** Layers of options around those of a subscriber. */
export interface Surroundings {
  /** Between the plugin and the subscriber, the outermost first. */
  readonly layers?: readonly InheritedOptions[]
  /** Layers that win over the subscriber's own. */
  readonly overrides?: readonly InheritedOptions[]
  /** The dead-letter topics, where they are known. */
  readonly deadLetterTopics?: ReadonlyMap<string, string>
}

/**
 * Lays the layers and the subscriber's own options over those of the plugin.
 *
 * @throws FASTSTREAM_ERR_GROUP_REQUIRED, FASTSTREAM_ERR_INVALID_OPTION
 */
export function resolveSubscriber (
  declaration: SubscriberDeclaration, settings: Settings, around: Surroundings = {}
): SubscriberSettings {
  const { layers = [], overrides = [], deadLetterTopics } = around
  const { name, topics, options } = declaration
  const inherited = resolveInherited([...layers, options, ...overrides], settings)
  checkTimes({ ...settings, ...inherited })
  if (inherited.groupId === null) checkGroupless(options)
  return Object.freeze({
    ...inherited,
    declaration,
    name,
    topics,
    groupId: groupOf(topics, inherited.groupId, settings),
    deadLetterTopics: deadLetterTopics ?? deadLetterTopicsOf(topics, inherited.deadLetter)
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

/** @throws FASTSTREAM_ERR_INVALID_OPTION */
export function resolvePublisher (
  declaration: PublisherDeclaration, settings: Settings, layers: readonly InheritedOptions[] = []
): PublisherSettings {
  const { includeInSchema } = resolveInherited([...layers, declaration.options], settings)
  return Object.freeze({ declaration, topic: declaration.topic, includeInSchema })
}

type GroupId = InheritedSettings['groupId']

function groupOf (topics: readonly string[], groupId: GroupId, { transport }: Settings): string | null {
  if (groupId !== undefined) return groupId
  if (transport === 'memory') return DEFAULT_GROUP
  throw new FASTSTREAM_ERR_GROUP_REQUIRED(topics.join(', '))
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
    if (shared !== undefined) throw new FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER(shared, groupId)
    const option = differenceOf(other, added)
    if (option !== undefined) throw new FASTSTREAM_ERR_GROUP_CLASH(groupId, option, other.topics.join(', '))
  }
}

/** A dead letter that comes back to the subscriber that cannot handle it would circulate without end. */
function checkDeadLetters (all: readonly SubscriberSettings[], { topics }: SubscriberSettings): void {
  for (const topic of topics) {
    const path = pathBack(topic, all)
    if (path === undefined) continue
    const way = path.join(' → ')
    const cure = `must not lead back to '${topic}' (${way}): name another one, or write deadLetter: false`
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
