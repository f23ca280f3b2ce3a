import type { HealthError, PartitionHealth, SubscriberHealth } from '../../types/index.js'
import { MESSAGE_LIMIT, oneLine } from '../foreign-text.js'
import { textOf } from '../thrown.js'
import type { Progress, TransportConsumer } from '../transport/transport.js'
import type { Condition, LastError } from './condition.js'
import type { RunningSubscriber } from './subscribers.js'
import type { OwnedPartition } from './owned-partition.js'
import type { Delivery } from './subscription.js'

/** What a group knows of one of its subscribers, which adds its names. */
export type UnnamedHealth = Omit<SubscriberHealth, 'name' | 'topics' | 'groupId'>

export function subscriberHealth ({ topics, pipeline, lanes, stopped }: RunningSubscriber, owned: Iterable<OwnedPartition>, consumer: TransportConsumer, condition: Condition, now: number): UnnamedHealth {
  const late = [...pipeline.late]
  const partitions = [...owned]
    .filter(({ topic }) => topics.includes(topic))
    .map((owner) => new OwnedPartitionHealth(owner, consumer.progress(owner), late, now))
  const state = stopped ? 'stopped' : condition.state(consumer.lastContact)
  const missingTopics = consumer.missing().filter((topic) => topics.includes(topic))
  const alive = state === 'reading' || state === 'rebalancing'
  return {
    // Also a late one of a partition that has gone: it holds a place.
    healthy: alive && missingTopics.length === 0 && late.length === 0 && partitions.every(({ stopped }) => stopped === undefined),
    state,
    partitions,
    lag: partitions.reduce((sum, { lag = 0 }) => sum + lag, 0),
    inFlight: lanes.running,
    oldestUnsettledAge: partitions.reduce((oldest, { oldestUnsettledAge }) => Math.max(oldest, oldestUnsettledAge), 0),
    missingTopics,
    lastError: latest(condition.lastError, pipeline.lastError)
  }
}

/** Plain data: an error would be an empty object as JSON, and its stack is nobody's business. */
export function healthError ({ error, at }: LastError): HealthError {
  const code = textOf(() => {
    const { code } = error as { code?: unknown }
    return typeof code === 'string' ? code : undefined
  })
  return { code: code === '' ? undefined : code, message: oneLine(textOf(() => error.message), MESSAGE_LIMIT), at: new Date(at) }
}

function latest (...errors: ReadonlyArray<LastError | undefined>): HealthError | undefined {
  const [last] = errors.filter((error) => error !== undefined).sort((a, b) => b.at - a.at)
  return last && healthError(last)
}

/** JSON has no bigint: there offsets are text. */
export class OwnedPartitionHealth implements PartitionHealth {
  readonly topic: string
  readonly partition: number
  readonly lag: number | undefined
  readonly oldestUnsettledAge: number
  readonly late: bigint | undefined
  readonly stopped: PartitionHealth['stopped']

  constructor (owner: OwnedPartition, { position, end }: Progress, late: readonly Delivery[], now: number) {
    const { topic, partition } = owner
    const watermark = owner.tracker.watermark ?? position
    this.topic = topic
    this.partition = partition
    this.lag = watermark === undefined || end === undefined ? undefined : Math.max(0, Number(end - watermark))
    this.oldestUnsettledAge = owner.oldestAge(now)
    this.late = late.find((delivery) => delivery.topic === topic && delivery.partition === partition)?.record.offset
    this.stopped = owner.stopped
  }

  toJSON (): object {
    const { late, stopped } = this
    return {
      ...this,
      late: text(late),
      stopped: stopped && { offset: text(stopped.offset), nextOffset: text(stopped.nextOffset), error: stopped.error.message }
    }
  }
}

function text (offset: bigint | undefined): string | undefined {
  return offset === undefined ? undefined : String(offset)
}
