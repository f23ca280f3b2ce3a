import type { BackgroundHealth, BrokerHealth, RequestsHealth, SubscriberHealth } from '../../types/index.js'
import type { Group } from '../consume/group/group.js'
import type { LastError } from '../consume/group/group-state.js'
import { healthError, type UnnamedHealth } from '../consume/group/health.js'
import type { SubscriberDeclaration } from './declaration.js'
import type { SubscriberPreview } from './plan.js'

type GroupOf = (declaration: SubscriberDeclaration) => Group | undefined

interface BrokerFacts {
  readonly state: BrokerHealth['state']
  readonly lastError: LastError | undefined
  readonly background: readonly BackgroundHealth[]
  readonly requests: RequestsHealth
}

/** Result of `health()`; `groupOf` yields a subscriber's group once there is one. */
export function brokerHealth (
  { state, lastError, background, requests }: BrokerFacts, subscribers: readonly SubscriberPreview[], groupOf: GroupOf
): BrokerHealth {
  const healths = subscribers.filter(isFirstCase).map((subscriber) => subscriberHealth(subscriber, groupOf))
  return {
    healthy: state === 'connected' && healths.every(({ healthy }) => healthy) && !background.some(hasFailed),
    state,
    lastError: lastError && healthError(lastError),
    subscribers: healths,
    background,
    requests
  }
}

function hasFailed ({ state }: BackgroundHealth): boolean {
  return state === 'failed'
}

/** Health of a subscriber whose group does not exist yet. */
const UNKNOWN: UnnamedHealth = Object.freeze({
  healthy: false,
  state: 'joining',
  partitions: [],
  lag: 0,
  inFlight: 0,
  oldestUnsettledAge: 0,
  missingTopics: [],
  lastError: undefined,
  breaker: undefined
})

/** A subscriber with several cases is one subscriber. */
function isFirstCase (subscriber: SubscriberPreview, at: number, all: readonly SubscriberPreview[]): boolean {
  const { declaration: { cases }, topics: [topic] } = subscriber
  if (cases === undefined) return true
  return all.findIndex(({ declaration, topics }) => declaration.cases?.of === cases.of && topics[0] === topic) === at
}

function subscriberHealth (subscriber: SubscriberPreview, groupOf: GroupOf): SubscriberHealth {
  const { topics, groupId = null, declaration, stuckAfter, handlerTimeout } = subscriber
  const name = declaration.cases === undefined ? subscriber.name : topics.join(',')
  const health = groupOf(declaration)?.health(topics) ?? UNKNOWN
  // A handler may take its time, and code that reads by hand may ask for nothing.
  const patience = Math.max(stuckAfter, handlerTimeout)
  const moves = declaration.isRead || health.partitions.every(({ stalledFor }) => stalledFor <= patience)
  return { name, topics, groupId, ...health, healthy: health.healthy && moves }
}
