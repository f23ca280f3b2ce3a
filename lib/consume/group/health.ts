import type { HealthError, PartitionHealth, SubscriberHealth } from '../../../types/index.js'
import { MESSAGE_LIMIT, oneLine } from '../../foreign-text.js'
import { textOf } from '../../to-error.js'
import type { PartitionProgress, TransportConsumer } from '../../transport/transport.js'
import type { GroupState, LastError } from './group-state.js'
import type { Partition } from '../partition/partition.js'
import type { SubscriberQueue } from '../partition/subscriber-queue.js'
import type { Delivery } from '../pipeline/delivery.js'
import { codeOf } from '../../members.js'

/** The health of a subscriber but for its names, which its group does not know. */
export type UnnamedHealth = Omit<SubscriberHealth, 'name' | 'topics' | 'groupId'>

interface GroupFacts {
  /** Partitions of the subscriber. */
  readonly owned: readonly Partition[]
  readonly consumer: TransportConsumer
  readonly groupState: GroupState
  /** ms by the clock's `elapsed` */
  readonly now: number
}

export function subscriberHealth (queue: SubscriberQueue, facts: GroupFacts): UnnamedHealth {
  const { owned, consumer, groupState, now } = facts
  const { topics, pipeline, lanes } = queue
  const late = [...pipeline.late]
  const { breaker } = pipeline
  const partitions = owned
    .map((partition) => new OwnedPartitionHealth(partition, consumer.progress(partition), late, now))
  const state = stateOf(queue, groupState.state(consumer.lastContact))
  const missingTopics = consumer.missing().filter((topic) => topics.includes(topic))
  const alive = state === 'reading' || state === 'rebalancing' || state === 'paused'
  return {
    // A late handler of a revoked partition counts: it still holds a place.
    healthy: alive && breaker === undefined && missingTopics.length === 0 && late.length === 0 &&
      !partitions.some((each) => each.stopped),
    state,
    partitions,
    lag: partitions.reduce((sum, { lag = 0 }) => sum + lag, 0),
    inFlight: lanes.running,
    oldestUnsettledAge: partitions.reduce((oldest, { oldestUnsettledAge }) => Math.max(oldest, oldestUnsettledAge), 0),
    missingTopics,
    lastError: latest(groupState.lastError, pipeline.lastError),
    breaker
  }
}

/** State of one subscriber, whose consumer is in the state `ofGroup`. What is wrong with the consumer comes first. */
function stateOf ({ stopped, paused }: SubscriberQueue, ofGroup: SubscriberHealth['state']): SubscriberHealth['state'] {
  if (stopped) return 'stopped'
  return ofGroup === 'reading' && paused ? 'paused' : ofGroup
}

/** An error as plain data: as JSON an `Error` would be an empty object, and its stack must not leave the process. */
export function healthError ({ error, at }: LastError): HealthError {
  const code = textOf(() => {
    const code = codeOf(error)
    return typeof code === 'string' ? code : undefined
  })
  const message = oneLine(textOf(() => error.message), MESSAGE_LIMIT)
  return { code: code === '' ? undefined : code, message, at: new Date(at) }
}

function latest (...errors: ReadonlyArray<LastError | undefined>): HealthError | undefined {
  const [last] = errors.filter((error) => error !== undefined).sort((a, b) => b.at - a.at)
  return last && healthError(last)
}

/** A partition's health. As JSON its offsets are text: JSON has no bigint. */
export class OwnedPartitionHealth implements PartitionHealth {
  readonly topic: string
  readonly partition: number
  readonly lag: number | undefined
  readonly oldestUnsettledAge: number
  readonly stalledFor: number
  readonly late: bigint | undefined
  readonly stopped: PartitionHealth['stopped']

  constructor (owned: Partition, { position, end }: PartitionProgress, late: readonly Delivery[], now: number) {
    const { topic, partition } = owned
    const watermark = owned.tracker.watermark ?? position
    this.topic = topic
    this.partition = partition
    this.lag = watermark === undefined || end === undefined ? undefined : Math.max(0, Number(end - watermark))
    this.oldestUnsettledAge = owned.oldestAge(now)
    this.stalledFor = owned.stalledFor(now)
    this.late = late.find((delivery) => delivery.topic === topic && delivery.partition === partition)?.record.offset
    this.stopped = owned.stopped
  }

  toJSON (): object {
    const { late, stopped } = this
    return {
      ...this,
      late: text(late),
      stopped: stopped && {
        offset: text(stopped.offset),
        nextOffset: text(stopped.nextOffset),
        error: stopped.error.message
      }
    }
  }
}

function text (offset: bigint | undefined): string | undefined {
  return offset === undefined ? undefined : String(offset)
}
