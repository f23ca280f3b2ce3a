import type { Clock } from '../clock.js'
import { Group } from '../consume/group.js'
import { Pipeline, type FailureListener } from '../consume/pipeline.js'
import type { Log } from '../log.js'
import { REBALANCE_TIMEOUT, type Settings } from '../options.js'
import type { Producer } from '../produce/producer.js'
import type { Transport } from '../transport/transport.js'
import type { DeclaredSubscriber } from './subscriber.js'

interface Surroundings {
  readonly transport: Transport
  readonly producer: Producer
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
  readonly onFailure: FailureListener | undefined
}

/** Subscribers that share a group share one client consumer: to Kafka they are one member, which reads all of their topics. */
export function createGroups (subscribers: readonly DeclaredSubscriber[], { transport, producer, settings, clock, log, onFailure }: Surroundings): Group[] {
  const byGroupId = new Map<string, DeclaredSubscriber[]>()
  for (const subscriber of subscribers) {
    const members = byGroupId.get(subscriber.groupId)
    if (members === undefined) byGroupId.set(subscriber.groupId, [subscriber])
    else members.push(subscriber)
  }
  return [...byGroupId].map(([groupId, subscribers]) => {
    const members = subscribers.map((subscriber) => ({
      topics: subscriber.topics,
      concurrency: subscriber.concurrency,
      pipeline: new Pipeline(subscriber, producer, clock, subscriber.scope.log, onFailure)
    }))
    const options = { groupId, topics: subscribers.flatMap(({ topics }) => topics), rebalanceTimeout: REBALANCE_TIMEOUT, sessionTimeout: REBALANCE_TIMEOUT / 2 }
    return new Group(members, (listener) => transport.consumer(options, listener), settings, clock, log)
  })
}
