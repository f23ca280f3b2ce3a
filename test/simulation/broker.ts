import type {
  Api, FetchAnswer, FetchedPartition, ListOffsetsAnswer, MetadataAnswer, ProduceAnswer, Requests, CreateTopicsAnswer
} from '../../lib/transport/kafka/wire.js'
import { isTopic } from '../../lib/transport/topic-partition.js'
import { CorruptBatchError, readHeader } from './batches.js'
import { MIN_IN_SYNC, type Cluster } from './cluster.js'
import { CODE } from './codes.js'
import type { Client } from './coordinator.js'
import type { Node, PartitionView } from './node.js'

type Handlers = { readonly [Kind in Api]: (
  node: Node, parameters: Requests[Kind]['parameters'], client: Client
) => Promise<Requests[Kind]['answer']> | Requests[Kind]['answer'] }

const NOTHING = Buffer.alloc(0)

/** What the nodes of a cluster answer: each by what it believes, as Kafka's KafkaApis does. */
export function createBroker (cluster: Cluster): Handlers {
  async function produceOne (node: Node, topic: string, partition: number, records: Buffer, timeout: number) {
    const failed = (errorCode: number) => ({ partition, errorCode, baseOffset: -1n })
    const view = node.view(topic, partition)
    if (view === undefined) return failed(CODE.unknownTopicOrPartition)
    if (!node.leads(view)) return failed(CODE.notLeader)
    if (records.length > cluster.maxMessageBytes(topic)) return failed(CODE.messageTooLarge)
    const { inSync } = view.partition
    if (inSync.size < MIN_IN_SYNC) return failed(CODE.notEnoughReplicas)
    let header
    try {
      header = readHeader(records)
    } catch (err) {
      if (err instanceof CorruptBatchError) return failed(CODE.corruptMessage)
      throw err
    }
    const replica = view.partition.replica(node.id)
    const { errorCode, batch } = cluster.append(node, view.partition, view.epoch, records, header)
    if (batch === undefined) return failed(errorCode)
    const isCommitted = () => replica.highWatermark >= batch.nextOffset
    const isOver = () => node.view(
      topic, partition
    )?.epoch !== view.epoch || node.view(topic, partition)?.partition !== view.partition
    await node.wait(timeout, () => isOver() || isCommitted())
    if (isOver()) return failed(CODE.notLeader)
    if (!isCommitted()) return failed(CODE.requestTimedOut)
    return inSync.size < MIN_IN_SYNC
      ? failed(CODE.notEnoughReplicasAfterAppend)
      : {
          partition, errorCode: CODE.none, baseOffset: BigInt(batch.baseOffset)
        }
  }

  async function Produce (node: Node, { timeout, topics }: Requests['Produce']['parameters']): Promise<ProduceAnswer> {
    return {
      topics: await Promise.all(topics.map(async ({ topic, partitions }) => ({
        topic,
        partitions: await Promise.all(partitions.map(({ partition, records }) => produceOne(
          node, topic, partition, records, timeout
        )))
      })))
    }
  }

  async function Fetch (node: Node, request: Requests['Fetch']['parameters']): Promise<FetchAnswer> {
    const { maxWait, minBytes, topics } = request
    const read = () => topics.map(({ topic, partitions }) => ({
      topic, partitions: partitions.map((position) => fetchOne(node, topic, position, request.isolationLevel))
    }))
    await node.wait(maxWait, () => {
      const all = read().flatMap(({ partitions }) => partitions)
      return all.some(({ errorCode }) => errorCode !== CODE.none) || all.reduce(
        (sum, { records }) => sum + records.length, 0
      ) >= minBytes
    })
    let room = request.maxBytes
    const answer = read().map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map((fetched) => {
        // As Kafka: the first batch of an answer comes whole, whatever the limits; after that there is nothing where
        // there is no room.
        const records = room > 0 ? fetched.records : NOTHING
        room -= records.length
        return { ...fetched, records }
      })
    }))
    return { errorCode: CODE.none, topics: answer }
  }

  function fetchOne (
    node: Node,
    topic: string,
    { partition, offset, maxBytes }: Requests['Fetch']['parameters']['topics'][number]['partitions'][number],
    isolationLevel: 0 | 1
  ): FetchedPartition {
    const view = node.view(topic, partition)
    const errorCode = refusalOf(node, view)
    if (view === undefined || errorCode !== CODE.none) {
      return {
        partition,
        errorCode,
        highWatermark: -1n,
        lastStableOffset: -1n,
        aborted: [],
        preferredReadReplica: -1,
        records: NOTHING
      }
    }
    const replica = view.partition.replica(node.id)
    const { highWatermark, lastStableOffset, start, end } = replica
    const from = Number(offset)
    const base = {
      partition,
      highWatermark: BigInt(highWatermark),
      lastStableOffset: BigInt(lastStableOffset),
      preferredReadReplica: -1
    }
    if (from < start || from > end) return { ...base, errorCode: CODE.offsetOutOfRange, aborted: [], records: NOTHING }
    const limit = isolationLevel === 1 ? lastStableOffset : highWatermark
    const batches = replica.batches.filter(({ nextOffset }) => nextOffset > from && nextOffset <= limit)
    const all = Buffer.concat(batches.map(({ bytes }) => bytes))
    // Cut at the limit, in the middle of a batch, but never the first one.
    const records = all.subarray(0, Math.max(maxBytes, batches[0]?.bytes.length ?? 0))
    const aborted = isolationLevel === 1
      ? replica.aborted(from, limit).map(
        ({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) })
      )
      : []
    return { ...base, errorCode: CODE.none, aborted, records }
  }

  function ListOffsets (
    node: Node, { isolationLevel, topics }: Requests['ListOffsets']['parameters']
  ): ListOffsetsAnswer {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, timestamp }) => ({
          partition, ...offsetFor(node, node.view(topic, partition), timestamp, isolationLevel)
        }))
      }))
    }
  }

  function offsetFor (
    node: Node, view: PartitionView | undefined, timestamp: bigint, isolationLevel: 0 | 1
  ): { errorCode: number, offset: bigint } {
    const errorCode = refusalOf(node, view)
    if (view === undefined || errorCode !== CODE.none) return { errorCode, offset: -1n }
    const { partition } = view
    const replica = partition.replica(node.id)
    if (timestamp === -2n) return { errorCode, offset: BigInt(replica.start) }
    if (timestamp !== -1n) return { errorCode, offset: BigInt(replica.offsetOf(Number(timestamp))) }
    // A new leader does not know yet how far all have come.
    if (partition.epoch === view.epoch && replica.highWatermark < partition.epochStart) {
      return { errorCode: CODE.leaderNotAvailable, offset: -1n }
    }
    return { errorCode, offset: BigInt(isolationLevel === 1 ? replica.lastStableOffset : replica.highWatermark) }
  }

  function refusalOf (node: Node, view: PartitionView | undefined): number {
    if (view === undefined) return CODE.unknownTopicOrPartition
    return node.leads(view) ? CODE.none : CODE.notLeader
  }

  function Metadata (node: Node, { topics }: Requests['Metadata']['parameters']): MetadataAnswer {
    return {
      brokers: node.nodes.map((id) => ({ nodeId: id, host: cluster.node(id).host, port: cluster.node(id).port })),
      controllerId: node.nodes[0] ?? -1,
      topics: (topics ?? node.topicNames).map((topic) => {
        const views = node.topic(topic)
        if (views === undefined) {
          return { topic, errorCode: isTopic(topic) ? CODE.unknownTopicOrPartition : CODE.invalidTopic, partitions: [] }
        }
        return {
          topic,
          errorCode: CODE.none,
          partitions: views.map(({ leader }, partition) => ({
            partition, errorCode: leader < 0 ? CODE.leaderNotAvailable : CODE.none, leader
          }))
        }
      })
    }
  }

  function CreateTopics (_node: Node, { topics }: Requests['CreateTopics']['parameters']): CreateTopicsAnswer {
    return {
      topics: topics.map(({ topic, partitions }) => {
        if (cluster.partitions(topic).length > 0) {
          return { topic, errorCode: CODE.topicAlreadyExists, message: `Topic '${topic}' already exists.` }
        }
        cluster.createTopic(topic, partitions)
        return { topic, errorCode: CODE.none, message: null }
      })
    }
  }

  return {
    Produce,
    Fetch,
    ListOffsets,
    Metadata,
    CreateTopics,
    InitProducerId: () => ({ errorCode: CODE.none, producerId: cluster.nextProducerId(), producerEpoch: 0 }),
    FindCoordinator: ({ coordinator: { nodeId }, nodes }) => {
      if (!nodes.includes(nodeId)) return { errorCode: CODE.coordinatorNotAvailable, nodeId: -1, host: '', port: -1 }
      const { host, port } = cluster.node(nodeId)
      return { errorCode: CODE.none, nodeId, host, port }
    },
    JoinGroup: ({ coordinator }, request, client) => coordinator.join(request, client),
    SyncGroup: ({ coordinator }, request) => coordinator.sync(request),
    Heartbeat: ({ coordinator }, request) => ({ errorCode: coordinator.heartbeat(request) }),
    LeaveGroup: ({ coordinator }, request) => ({ errorCode: coordinator.leave(request) }),
    OffsetCommit: ({ coordinator }, request) => coordinator.commit(request),
    OffsetFetch: ({ coordinator }, request) => coordinator.offsets(request),
    // No settings and no members: the client asks for them only where an operator does.
    DescribeConfigs: (_, { resources }) => ({
      resources: resources.map((resource) => ({ ...resource, errorCode: CODE.none, config: [] }))
    }),
    DescribeGroups: (_, { groupIds }) => ({
      groups: groupIds.map((groupId) => (
        { groupId, errorCode: CODE.none, state: 'Empty', protocolType: 'consumer', protocol: '', members: [] }))
    })
  }
}
