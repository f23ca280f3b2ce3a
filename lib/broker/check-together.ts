import {
  FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER, FASTSTREAM_ERR_GROUP_CLASH, FASTSTREAM_ERR_INVALID_OPTION
} from '../errors.js'
import { differenceOf } from '../options/consumer-options.js'
import { nameBy } from './dead-letter-topics.js'
import { namesOf, whereOf, type SubscriberSettings } from './plan.js'

/* Checks of subscribers against each other, when everything is declared. */

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
 * Checks a subscriber that comes while the app runs: it cannot share the messages of another one.
 *
 * @throws FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER
 */
export function checkAlone (others: readonly SubscriberSettings[], added: SubscriberSettings): void {
  const { groupId, topics } = added
  if (groupId === null) return
  for (const other of others) {
    if (other.groupId !== groupId || !overlap(other, added)) continue
    const shared = topics.find((topic) => other.topics.includes(topic))
    if (shared === undefined) continue
    throw new FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER(shared, groupId, whereOf(other), whereOf(added))
  }
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
    checkMembership(other, added)
    const shared = overlap(other, added) ? topics.find((topic) => other.topics.includes(topic)) : undefined
    // Partitions that are chosen by hand have a consumer of their own.
    if (shared === undefined && added.partitions !== undefined) continue
    if (shared !== undefined && !isBeside(other, added)) {
      throw new FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER(shared, groupId, whereOf(other), whereOf(added))
    }
    const option = differenceOf(other, added) ?? (shared === undefined ? undefined : queueDifferenceOf(other, added))
    if (option !== undefined) throw new FASTSTREAM_ERR_GROUP_CLASH(groupId, option, whereOf(other), whereOf(added))
  }
}

/** A group whose partitions are chosen by hand only stores offsets: it must have no members. */
function checkMembership (other: SubscriberSettings, added: SubscriberSettings): void {
  const byHand = [other, added].find(({ partitions }) => partitions !== undefined)
  const member = [other, added].find(({ partitions }) => partitions === undefined)
  if (byHand === undefined || member === undefined) return
  const cure = `need a group without members, and the ${whereOf(member)} joins '${byHand.groupId}': write another ` +
    `groupId, or null, for the ${whereOf(byHand)}`
  throw new FASTSTREAM_ERR_INVALID_OPTION('partitions', cure)
}

/** Whether two subscribers may read the same partition of a topic. */
function overlap ({ partitions: some }: SubscriberSettings, { partitions: others }: SubscriberSettings): boolean {
  return some === undefined || others === undefined || some.some((partition) => others.includes(partition))
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
  if (one.partitions?.join() !== other.partitions?.join()) return 'partitions'
  return (['ordering', 'concurrency', 'listener'] as const).find((name) => one[name] !== other[name])
}

/** A dead letter that comes back to the subscriber that cannot handle it would circulate without end. */
function checkDeadLetters (all: readonly SubscriberSettings[], added: SubscriberSettings): void {
  // A pattern has a way for the topics of the others, too.
  const topics = added.patterns.length === 0 ? added.topics : all.flatMap(namesOf)
  for (const topic of topics) {
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
    for (const subscriber of subscribers) {
      const next = deadLetterTopicOf(subscriber, at, path.at(-2))
      if (next === undefined) continue
      if (next === topic) return [...path, next]
      if (!seen.has(next)) ways.push({ at: next, path: [...path, next] })
      seen.add(next)
    }
  }
  return undefined
}

/** `before`: the topic whose dead letters are in `topic`. A pattern that matches it does not read them. */
function deadLetterTopicOf (
  { deadLetterTopics, patterns, deadLetter }: SubscriberSettings, topic: string, before: string | undefined
): string | undefined {
  const reads = patterns.some((pattern) => {
    return pattern.matches(topic) && (before === undefined || !pattern.matches(before))
  })
  return deadLetterTopics.get(topic) ?? (reads ? nameBy(deadLetter, topic) : undefined)
}
