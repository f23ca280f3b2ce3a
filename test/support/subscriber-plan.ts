import type { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { SubscriberPlan, SubscriberSettings } from '../../lib/consume/pipeline/subscriber-plan.js'

/** The settings of a subscriber of `orders`, with one place and dead letters. */
export const SUBSCRIBER: SubscriberSettings = {
  name: 'take',
  topics: ['orders'],
  groupId: 'shop',
  ordering: 'partition',
  concurrency: 1,
  ackPolicy: 'REJECT_ON_ERROR',
  retry: { retries: 0, delay: 100, factor: 2, maxDelay: 1000, jitter: 0, retryOn: () => true },
  breaker: false,
  handlerTimeout: 60_000,
  bodyLimit: 1_000_000,
  messageLogLevel: 'silent',
  deadLetterTopic: (topic) => `${topic}.dlq`,
  isDeadLetterOf: () => false,
  writtenTopics: () => ['orders.dlq']
}

/** A plan whose messages are their deliveries, and whose handler does nothing. */
export function planOf (overrides: Partial<SubscriberPlan<Delivery>> = {}): SubscriberPlan<Delivery> {
  return {
    ...SUBSCRIBER,
    decode: (delivery) => delivery,
    handle: () => undefined,
    release: () => undefined,
    prepare: () => [],
    ...overrides
  }
}
