import { FASTSTREAM_ERR_TOPICS } from '../../../errors.js'
import { reasonOf, toError } from '../../../to-error.js'
import type { NewTopic, Transport, TransportOptions } from '../../transport.js'
import type { Cluster } from './cluster.js'
import { notAuthorized, type Right } from '../../../missing-rights.js'
import { namedError, throwIfFailed } from './denied.js'
import { CODE, isCoded, ProtocolError } from './protocol-errors.js'
import type { Operation } from './retry-until.js'
import { isTlsMistake, securityError, unreachable } from './security-error.js'
import type { TopicMetadata, TopicState } from './topic-metadata.js'

/** Requests to the cluster as a whole. Each ends within `connectTimeout`, or at the deadline given. */
export function createAdmin (
  cluster: Cluster,
  metadata: TopicMetadata,
  { brokers, connectTimeout, log }: Pick<TransportOptions, 'brokers' | 'connectTimeout' | 'log'>
): Pick<Transport, 'connect' | 'ping' | 'describeTopics' | 'createTopics'> {
  async function reach (ms: number, onFailure?: (error: Error) => void): Promise<void> {
    await cluster.until(ms, (operation) => operation.repeat(() => connectOnce(operation), { onFailure }))
  }

  async function ping (deadline: number): Promise<void> {
    await reach(deadline - cluster.environment.clock.elapsed())
  }

  async function connect (deadline?: number, onFailure?: (error: Error) => void): Promise<void> {
    const ms = deadline === undefined ? connectTimeout : deadline - cluster.environment.clock.elapsed()
    try {
      await reach(ms, onFailure)
    } catch (err) {
      throw unreachable(err, brokers)
    }
    log.info({ brokers }, 'connected to kafka')
  }

  async function connectOnce (operation: Operation): Promise<void> {
    await cluster.connect(operation).catch((err) => { throw isTlsMistake(err) ? unreachable(err, brokers) : err })
  }

  async function describeTopics (topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (topics.length === 0) return new Map()
    return await preparing(topics, (operation) => operation.repeat(() => partitionCounts(operation, topics)))
  }

  async function createTopics (topics: readonly NewTopic[]): Promise<void> {
    if (topics.length === 0) return
    const names = topics.map(({ topic }) => topic)
    await preparing(names, async (operation) => {
      await operation.repeat(() => create(operation, topics))
      await operation.repeat(() => expectLeaders(operation, names))
    })
  }

  async function partitionCounts (
    operation: Operation, topics: readonly string[]
  ): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    for (const [topic, { errorCode, leaders }] of await describe(operation, topics)) {
      if (errorCode === CODE.unknownTopicOrPartition) continue
      if (errorCode !== CODE.leaderNotAvailable) throwIfFailed(errorCode, 'Metadata', { topic })
      counts.set(topic, leaders.length)
    }
    return counts
  }

  /** Any node of a KRaft cluster takes this; before KRaft it had to be the controller. */
  async function create (operation: Operation, topics: readonly NewTopic[]): Promise<void> {
    await describe(operation, topics.map(({ topic }) => topic))
    const controller = cluster.controller()
    if (controller === undefined) throw new ProtocolError(CODE.notController)
    const answer = await controller.request('CreateTopics', { topics, timeout: cluster.requestTimeout }, operation)
    const missing = new Set<string>()
    for (const { topic, errorCode, message } of answer.topics) {
      if (errorCode === CODE.none || errorCode === CODE.topicAlreadyExists) continue
      if (errorCode === CODE.topicAuthorizationFailed) {
        missing.add(topic)
        continue
      }
      throw new ProtocolError(errorCode, `${topic}: ${message ?? new ProtocolError(errorCode).message}`)
    }
    if (missing.size > 0) throw notAuthorized(toCreate(topics, missing), cluster.principal)
  }

  async function expectLeaders (operation: Operation, topics: readonly string[]): Promise<void> {
    for (const [topic, { errorCode, leaders }] of await describe(operation, topics)) {
      throwIfFailed(errorCode, 'Metadata', { topic })
      if (leaders.includes(-1)) throw new Error(`${topic} has partitions without a leader`)
    }
  }

  async function describe (
    operation: Operation, topics: readonly string[]
  ): Promise<ReadonlyArray<[string, TopicState]>> {
    await metadata.refresh(operation, topics)
    return topics.map((topic) => [topic, metadata.get(topic)])
  }

  async function preparing<Result> (
    topics: readonly string[], work: (operation: Operation) => Promise<Result>
  ): Promise<Result> {
    try {
      return await cluster.until(connectTimeout, work)
    } catch (failure) {
      const err = securityError(failure, brokers) ?? namedError(toError(failure), cluster.principal)
      if (isCoded(err)) throw err
      throw new FASTSTREAM_ERR_TOPICS(topics.join(', '), reasonOf(err), { cause: err })
    }
  }

  return { connect, ping, describeTopics, createTopics }
}

/** The missing rights, in the order of the question: Kafka answers in any order. */
function toCreate (asked: readonly NewTopic[], missing: ReadonlySet<string>): Right[] {
  const names = asked.map(({ topic }) => topic).filter((topic) => missing.has(topic))
  return names.map((name) => ({ operation: 'Create', resource: 'topic', name }))
}
