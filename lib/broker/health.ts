import type { BrokerHealth, SubscriberHealth } from '../../types/index.js'
import type { LastError } from '../consume/group/group-state.js'
import { healthError } from '../consume/group/health.js'
import type { BrokerRuntime } from './runtime.js'
import type { DeclaredSubscriber } from './subscriber.js'

export function brokerHealth (state: BrokerHealth['state'], lastError: LastError | undefined, subscribers: readonly DeclaredSubscriber[], connection: BrokerRuntime | undefined): BrokerHealth {
  const healths = subscribers.map((subscriber) => subscriberHealth(subscriber, connection))
  return {
    healthy: state === 'connected' && healths.every(({ healthy }) => healthy),
    state,
    lastError: lastError && healthError(lastError),
    subscribers: healths
  }
}

function subscriberHealth (subscriber: DeclaredSubscriber, connection: BrokerRuntime | undefined): SubscriberHealth {
  const { name, topics, groupId } = subscriber
  const known = connection?.groupOf(subscriber)?.health(topics)
  return { name, topics, groupId, ...(known ?? { healthy: false, state: 'joining', partitions: [], lag: 0, inFlight: 0, oldestUnsettledAge: 0, missingTopics: [], lastError: undefined }) }
}
