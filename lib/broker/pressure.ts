import type { BrokerHealth, BrokerPressure } from '../../types/index.js'
import type { Settings } from '../options/plugin-options.js'
import type { QueueSettings } from '../options/settings.js'

/** A broker whose load is asked for. */
export interface LoadedBroker {
  readonly settings: Settings
  readonly rate: BrokerPressure['subscribers']
  readonly connection: { readonly producer: { readonly queued: QueueSettings } | undefined } | undefined
  health (): BrokerHealth
}

const EMPTY: QueueSettings = { messages: 0, bytes: 0 }

/** Result of `pressure()`: what waits, against the bounds of the options. */
export function pressureOf (broker: LoadedBroker): BrokerPressure {
  const { pressure: bounds, producer: { queue } } = broker.settings
  const { messages, bytes } = broker.connection?.producer?.queued ?? EMPTY
  const fill = Math.max(messages / queue.messages, bytes / queue.bytes)
  const ages = broker.health().subscribers.map(({ oldestUnsettledAge }) => oldestUnsettledAge)
  const commitAge = Math.max(0, ...ages)
  const reasons: Array<BrokerPressure['reasons'][number]> = []
  if (fill >= bounds.publishQueue) reasons.push('publish-queue')
  if (commitAge >= bounds.commitAge) reasons.push('commit-age')
  return {
    high: reasons.length > 0, reasons, publishQueue: { messages, bytes, fill }, commitAge, subscribers: broker.rate
  }
}
