import type { BreakerClosedEvent, BreakerOpenedEvent } from './breaker.js'
import type {
  GroupCommittedEvent, GroupDrainTimedOutEvent, GroupRebalancedEvent,
  HealthChangedEvent, OffsetResetEvent, PartitionStoppedEvent, SubscriberStoppedEvent
} from './group-events.js'
import type {
  MessageCompletedEvent, MessageDeadLetteredEvent, MessageEndedEvent, MessageFailedEvent, MessageLateEvent,
  MessageLeftOutEvent, MessagePublishedEvent, MessagePublishFailedEvent, MessageReceivedEvent,
  MessageRetriedEvent, MessageSettledEvent, MessageStartedEvent, MessageUnsettledEvent
} from './message-events.js'
import type { PressureChangedEvent } from './observation.js'

/**
 * The channels of `node:diagnostics_channel` and what is published on each. Listeners run synchronously: keep them
 * short. Nothing is created for a channel without subscribers.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * type Settled = FaststreamChannels['faststream.message.settled']
 * subscribe('faststream.message.settled', (event) => { settled.inc({ outcome: (event as Settled).outcome }) })
 */
export interface FaststreamChannels {
  'faststream.message.received': MessageReceivedEvent
  'faststream.message.left-out': MessageLeftOutEvent
  'faststream.message.started': MessageStartedEvent
  'faststream.message.ended': MessageEndedEvent
  'faststream.message.failed': MessageFailedEvent
  'faststream.message.retried': MessageRetriedEvent
  'faststream.message.late': MessageLateEvent
  'faststream.message.dead-lettered': MessageDeadLetteredEvent
  'faststream.message.settled': MessageSettledEvent
  'faststream.message.unsettled': MessageUnsettledEvent
  'faststream.message.completed': MessageCompletedEvent
  'faststream.message.published': MessagePublishedEvent
  'faststream.message.publish-failed': MessagePublishFailedEvent
  'faststream.group.committed': GroupCommittedEvent
  'faststream.group.rebalanced': GroupRebalancedEvent
  'faststream.group.drain-timed-out': GroupDrainTimedOutEvent
  'faststream.subscriber.stopped': SubscriberStoppedEvent
  'faststream.breaker.opened': BreakerOpenedEvent
  'faststream.breaker.closed': BreakerClosedEvent
  'faststream.partition.stopped': PartitionStoppedEvent
  'faststream.health.changed': HealthChangedEvent
  'faststream.pressure.changed': PressureChangedEvent
  'fastify-faststream:offset-reset': OffsetResetEvent
}
