import type { SubscriberSettings } from '../broker/plan.js'
import { number } from '../options/assert.js'
import { assertionError } from './assertion-text.js'
import type { MessageCoverage, SubscriberCoverage } from './coverage-types.js'
import type { RecordedDelivery } from './recorded.js'
import type { Recorder } from './recorder.js'
import type { Tested } from './targets.js'

/** What messages have exercised so far: subscribers and their branches, and publishers. */
export function coverageOf ({ brokers }: Tested, { deliveries, published }: Recorder): MessageCoverage {
  const subscribers = brokers.flatMap(({ registry }) => registry.subscribers.map((settings) => {
    return subscriberCoverage(settings, deliveries.filter((delivery) => isOf(delivery, settings)))
  }))
  const publishers = brokers.flatMap(({ registry }) => registry.publishers.map(({ topic }) => {
    return { topic, published: published.filter((message) => message.topic === topic).length }
  }))
  return summed({ subscribers, publishers })
}

/** What is missed, and the share of what is not. */
export function summed (
  { subscribers, publishers }: Pick<MessageCoverage, 'subscribers' | 'publishers'>
): MessageCoverage {
  const missed = [
    ...subscribers.flatMap(({ name, branches }) => Object.entries(branches)
      .filter(([, count]) => count === 0)
      .map(([branch]) => `${name}: ${branch}`)),
    ...publishers.filter(({ published }) => published === 0).map(({ topic }) => `publisher of ${topic}`)
  ]
  const all = subscribers.reduce((sum, { branches }) => sum + Object.keys(branches).length, publishers.length)
  return { subscribers, publishers, missed, percent: all === 0 ? 100 : Math.floor((all - missed.length) / all * 100) }
}

/** @throws FASTSTREAM_ERR_ASSERTION, FASTSTREAM_ERR_INVALID_OPTION */
export function assertCoverage ({ percent, missed }: MessageCoverage, least: number): void {
  number('least', least, 0, 100)
  if (percent >= least) return
  throw assertionError([
    `messages have exercised ${percent} % of the app, and ${least} % are required. Nothing has exercised:`,
    ...missed.map((what) => `  ${what}`)
  ])
}

function isOf ({ subscriber, groupId }: RecordedDelivery, { name, groupId: group }: SubscriberSettings): boolean {
  return subscriber === name && groupId === group
}

function subscriberCoverage (
  { name, topics, declaration: { schema }, ackPolicy, retry, deadLetterTopics }: SubscriberSettings,
  deliveries: readonly RecordedDelivery[]
): SubscriberCoverage {
  const failures = deliveries.flatMap(({ attempts }) => attempts.flatMap(({ failure }) => failure?.stage ?? []))
  const retries = ackPolicy === 'REJECT_ON_ERROR' ? retry.retries > 0 : ackPolicy.startsWith('NACK')
  const count = (matches: (delivery: RecordedDelivery) => boolean): number => deliveries.filter(matches).length
  const branches = {
    handled: count(({ last, outcome }) => outcome === 'acknowledged' && last?.failure === undefined),
    ...retries && { retry: count(({ attempts }) => attempts.length > 1) },
    ...deadLetterTopics.size > 0 && { 'dead letter': count(({ deadLetterTopic }) => deadLetterTopic !== undefined) },
    ...schema?.value !== undefined && {
      invalid: failures.filter((stage) => stage === 'validate' || stage === 'deserialize').length
    },
    tombstone: count(({ message: { published } }) => published?.value === null)
  }
  return { name, topics, branches }
}
