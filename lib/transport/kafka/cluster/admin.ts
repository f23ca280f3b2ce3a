import { FASTSTREAM_ERR_CONNECT, FASTSTREAM_ERR_TOPICS } from '../../../errors.js'
import type { NewTopic, Transport, TransportOptions } from '../../transport.js'
import type { Cluster } from './cluster.js'
import { code, protocolError, reasonOf } from './protocol-errors.js'
import type { Operation } from './retry-until.js'

interface CreateTopicsAnswer {
  readonly topicErrors: ReadonlyArray<{ readonly topic: string, readonly errorCode: number, readonly errorMessage?: string | null }>
}

/** What is done to the cluster as a whole. Everything ends within `connectTimeout`, or when it has to. */
export function createAdmin (
  cluster: Cluster,
  { brokers, connectTimeout, log }: Pick<TransportOptions, 'brokers' | 'connectTimeout' | 'log'>
): Pick<Transport, 'connect' | 'describeTopics' | 'createTopics'> {
  async function connect (deadline?: number): Promise<void> {
    try {
      await inTime((operation) => operation.repeat(() => cluster.connect(operation)), deadline)
    } catch (err) {
      throw new FASTSTREAM_ERR_CONNECT(brokers.join(', '), reasonOf(err), { cause: err })
    }
    log.info({ brokers }, 'connected to kafka')
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

  async function partitionCounts (operation: Operation, topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    for (const [topic, { errorCode, leaders }] of await cluster.describe(operation, topics)) {
      if (errorCode === code.unknownTopicOrPartition) continue
      if (errorCode !== code.none && errorCode !== code.leaderNotAvailable) throw protocolError(errorCode)
      counts.set(topic, leaders.length)
    }
    return counts
  }

  /** Any node of a KRaft cluster takes this; before KRaft it had to be the controller. */
  async function create (operation: Operation, topics: readonly NewTopic[]): Promise<void> {
    await cluster.describe(operation, topics.map(({ topic }) => topic))
    const controller = await cluster.controller()
    if (controller === undefined) throw protocolError(code.notController)
    const { topicErrors } = await controller.request<CreateTopicsAnswer>('CreateTopics', {
      topics: topics.map(({ topic, partitions, replicas }) => ({ topic, numPartitions: partitions, replicationFactor: replicas })),
      timeout: cluster.requestTimeout
    })
    for (const { topic, errorCode, errorMessage } of topicErrors) {
      if (errorCode === code.none || errorCode === code.topicAlreadyExists) continue
      const error = protocolError(errorCode)
      throw Object.assign(error, { message: `${topic}: ${errorMessage ?? error.message}` })
    }
  }

  async function expectLeaders (operation: Operation, topics: readonly string[]): Promise<void> {
    for (const [topic, { errorCode, leaders }] of await cluster.describe(operation, topics)) {
      if (errorCode !== code.none) throw protocolError(errorCode)
      if (leaders.includes(-1)) throw new Error(`${topic} has partitions without a leader`)
    }
  }

  async function preparing<Result> (topics: readonly string[], work: (operation: Operation) => Promise<Result>): Promise<Result> {
    try {
      return await inTime(work)
    } catch (err) {
      throw new FASTSTREAM_ERR_TOPICS(topics.join(', '), reasonOf(err), { cause: err })
    }
  }

  function inTime<Result> (work: (operation: Operation) => Promise<Result>, deadline = Date.now() + connectTimeout): Promise<Result> {
    return cluster.until(deadline, work)
  }

  return { connect, describeTopics, createTopics }
}
