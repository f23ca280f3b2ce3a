import type {
  Api, ErrorAnswer, FindCoordinatorAnswer, GenerationIdentity, OfTopic, PartitionAnswer, Requests
} from '../kafka/wire.js'
import { DescribeConfigs, DescribeGroups } from './describe-requests.js'
import { mapping, same, type Mapping } from './mapping.js'

/* kafkajs's parameters and answers against those of the port. In kafkajs's answers, numbers of 64 bits are text. */

interface Responses<Row> {
  readonly responses: ReadonlyArray<OfTopic<Row>>
}

interface Named<Row> {
  readonly topicName: string
  readonly partitions: readonly Row[]
}

interface KafkajsFetchAnswer {
  readonly errorCode?: number
  readonly responses: ReadonlyArray<{
    readonly topicName: string,
    readonly partitions: ReadonlyArray<PartitionAnswer & {
      readonly highWatermark: string
      readonly lastStableOffset: string
      readonly abortedTransactions: ReadonlyArray<{ readonly producerId: string, readonly firstOffset: string }>
      readonly preferredReadReplica?: number
      readonly messages: Buffer
    }>
  }>
}

function withGeneration ({ generationId, ...rest }: GenerationIdentity): object {
  return { ...rest, groupGenerationId: generationId }
}

/** Rows of kafkajs as rows of the port. */
function rows<From, To> (topics: ReadonlyArray<OfTopic<From>>, toRow: (row: From) => To): Array<OfTopic<To>> {
  return topics.map(({ topic, partitions }) => ({ topic, partitions: partitions.map(toRow) }))
}

type Produced = PartitionAnswer & { readonly baseOffset: string }

const Produce = mapping<'Produce', { topics: ReadonlyArray<Named<Produced>> }>({
  kafkajs: 'Produce',
  versions: { min: 3, max: 7 },
  // Encoded by the connection: kafkajs would make the batches again.
  toParameters: () => ({ acks: -1 }),
  toAnswer: ({ topics }) => ({
    topics: topics.map(({ topicName, partitions }) => ({
      topic: topicName,
      partitions: partitions.map(({ partition, errorCode, baseOffset }) => (
        { partition, errorCode, baseOffset: BigInt(baseOffset) }))
    }))
  })
})

const Fetch = mapping<'Fetch', KafkajsFetchAnswer>({
  kafkajs: 'Fetch',
  versions: { min: 4, max: 11 },
  toParameters: ({ maxWait, rack, topics, ...bounds }) => ({
    ...bounds,
    maxWaitTime: maxWait,
    rackId: rack,
    topics: rows(topics, ({ offset, ...row }) => ({ ...row, fetchOffset: offset }))
  }),
  toAnswer: ({ errorCode = 0, responses }) => ({
    errorCode,
    topics: responses.map(({ topicName, partitions }) => ({
      topic: topicName,
      partitions: partitions.map(({ partition, errorCode, messages, preferredReadReplica = -1, ...row }) => ({
        partition,
        errorCode,
        highWatermark: BigInt(row.highWatermark),
        lastStableOffset: BigInt(row.lastStableOffset),
        aborted: row.abortedTransactions.map(({ producerId, firstOffset }) => (
          { producerId: BigInt(producerId), firstOffset: BigInt(firstOffset) })),
        preferredReadReplica,
        records: messages
      }))
    }))
  })
})

const ListOffsets = mapping<'ListOffsets', Responses<PartitionAnswer & { offset: string }>>({
  kafkajs: 'ListOffsets',
  versions: { min: 2, max: 3 },
  toParameters: same,
  toAnswer: ({ responses }) => ({ topics: rows(responses, (row) => ({ ...row, offset: BigInt(row.offset) })) })
})

const Metadata = mapping<'Metadata', Omit<Requests['Metadata']['answer'], 'topics'> & {
  readonly topicMetadata: ReadonlyArray<{
    readonly topic: string
    readonly topicErrorCode: number
    readonly partitionMetadata: ReadonlyArray<
      Readonly<Record<'partitionId' | 'partitionErrorCode' | 'leader', number>> &
      Readonly<Record<'replicas' | 'isr', readonly number[]>>
    >
  }>
}>({
  kafkajs: 'Metadata',
  versions: { min: 4, max: 6 },
  // kafkajs writes an empty array as the protocol's null.
  toParameters: ({ topics }) => ({ topics: topics ?? [], allowAutoTopicCreation: false }),
  toAnswer: ({ brokers, clusterId, controllerId, topicMetadata }) => ({
    brokers,
    clusterId,
    controllerId,
    topics: topicMetadata.map(({ topic, topicErrorCode, partitionMetadata }) => ({
      topic,
      errorCode: topicErrorCode,
      partitions: partitionMetadata.map(({ partitionId, partitionErrorCode, leader, replicas, isr }) => (
        { partition: partitionId, errorCode: partitionErrorCode, leader, replicas, inSync: isr }))
    }))
  })
})

const OffsetCommit = mapping<'OffsetCommit', Responses<PartitionAnswer>>({
  kafkajs: 'OffsetCommit',
  versions: { min: 2, max: 5 },
  toParameters: withGeneration,
  toAnswer: ({ responses }) => ({ topics: responses })
})

type StoredText = PartitionAnswer & { readonly offset: string, readonly metadata: string | null }

const OffsetFetch = mapping<'OffsetFetch', Responses<StoredText> & ErrorAnswer>({
  kafkajs: 'OffsetFetch',
  versions: { min: 2, max: 4 },
  toParameters: same,
  toAnswer: ({ errorCode, responses }) => (
    { errorCode, topics: rows(responses, (row) => ({ ...row, offset: BigInt(row.offset) })) })
})

type Found = ErrorAnswer & { readonly coordinator: Omit<FindCoordinatorAnswer, 'errorCode'> }

const FindCoordinator = mapping<'FindCoordinator', Found>({
  kafkajs: 'GroupCoordinator',
  versions: { min: 0, max: 2 },
  toParameters: same,
  toAnswer: ({ errorCode, coordinator }) => ({ errorCode, ...coordinator })
})

const JoinGroup = mapping<'JoinGroup', Omit<Requests['JoinGroup']['answer'], 'protocol' | 'members'> & {
  groupProtocol: string, members: ReadonlyArray<{ memberId: string, memberMetadata: Buffer }>
}>({
  kafkajs: 'JoinGroup',
  versions: { min: 1, max: 5 },
  toParameters: ({ protocols, ...request }) => ({ ...request, protocolType: 'consumer', groupProtocols: protocols }),
  toAnswer: ({ groupProtocol, members, ...answer }) => ({
    ...answer,
    protocol: groupProtocol,
    members: members.map(({ memberId, memberMetadata }) => ({ memberId, metadata: memberMetadata }))
  })
})

const Heartbeat = mapping<'Heartbeat', Requests['Heartbeat']['answer']>({
  kafkajs: 'Heartbeat',
  versions: { min: 0, max: 3 },
  toParameters: withGeneration,
  toAnswer: same
})

const LeaveGroup = mapping<'LeaveGroup', { errorCode: number, members?: ReadonlyArray<{ errorCode: number }> }>({
  kafkajs: 'LeaveGroup',
  versions: { min: 0, max: 3 },
  toParameters: same,
  toAnswer: ({ errorCode, members = [] }) => ({ errorCode: errorCode || members[0]?.errorCode || 0 })
})

const SyncGroup = mapping<'SyncGroup', { errorCode: number, memberAssignment: Buffer }>({
  kafkajs: 'SyncGroup',
  versions: { min: 0, max: 3 },
  toParameters: ({ assignments, ...request }) => ({
    ...request,
    groupAssignment: assignments.map(({ memberId, assignment }) => ({ memberId, memberAssignment: assignment }))
  }),
  toAnswer: ({ errorCode, memberAssignment }) => ({ errorCode, assignment: memberAssignment })
})

type TopicError = ErrorAnswer & { readonly topic: string, readonly errorMessage?: string | null }

const CreateTopics = mapping<'CreateTopics', { topicErrors: readonly TopicError[] }>({
  kafkajs: 'CreateTopics',
  versions: { min: 1, max: 3 },
  toParameters: ({ timeout, topics }) => ({
    timeout,
    validateOnly: false,
    topics: topics.map(({ topic, partitions, replicas }) => (
      { topic, numPartitions: partitions, replicationFactor: replicas }))
  }),
  toAnswer: ({ topicErrors }) => ({
    topics: topicErrors.map(({ topic, errorCode, errorMessage: message = null }) => ({ topic, errorCode, message }))
  })
})

const InitProducerId = mapping<'InitProducerId', { errorCode: number, producerId: string, producerEpoch: number }>({
  kafkajs: 'InitProducerId',
  versions: { min: 0, max: 1 },
  toParameters: () => ({ transactionTimeout: 0 }),
  toAnswer: ({ errorCode, producerId, producerEpoch }) => ({ errorCode, producerId: BigInt(producerId), producerEpoch })
})

export const KAFKAJS_REQUESTS: { readonly [Kind in Api]: Mapping<Kind> } = {
  Produce,
  Fetch,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  FindCoordinator,
  JoinGroup,
  Heartbeat,
  LeaveGroup,
  SyncGroup,
  CreateTopics,
  InitProducerId,
  DescribeConfigs,
  DescribeGroups
}
