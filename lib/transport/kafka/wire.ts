import type {
  DescribeConfigsAnswer, DescribeConfigsRequest, DescribeGroupsAnswer, MetadataAnswer, MetadataRequest
} from './wire-description.js'

/**
 * The port between our Kafka client and what carries its requests: sockets, TLS, SASL and the protocol's encoding.
 * An implementation connects, sends one request of the kinds below and gives the broker's answer as it came. It never
 * retries, never times out and never interprets an error code: the client above does, on its own clock.
 *
 * A broker works on one request of a connection at a time and answers in order. A Fetch that waits for records, or a
 * JoinGroup that waits for other members, therefore holds up everything behind it on the same connection.
 */
export interface Wire {
  /** The versions of each request that this wire can encode. */
  readonly versions: ReadonlyMap<Api, VersionRange>
  /** Principal of this client on the cluster, where the wire knows it: `User:` and the name that SASL proved last. */
  readonly principal?: string | undefined
  /**
   * Opens one connection to `host:port` (an IPv6 host stands in brackets), authenticates it, asks for the API ranges.
   * Rejects with a `WireError`. When `signal` aborts first, it rejects and leaves nothing open.
   */
  connect (address: string, signal: AbortSignal): Promise<WireConnection>
}

export interface WireConnection {
  /** Versions that the broker supports, by API key. */
  readonly apiVersions: ReadonlyMap<number, VersionRange>
  /** False once it broke or was closed: every request then rejects. */
  readonly open: boolean
  /** ms for which the broker takes requests after the authentication (KIP-368); undefined: without end. */
  readonly sessionLifetime?: number | undefined
  /**
   * Sends one request in the highest version that both sides know, also before earlier ones are answered. Rejects
   * with a `WireError` when the connection ends or the answer cannot be read. Error codes are part of the answer.
   */
  send<Kind extends Api> (api: Kind, parameters: Requests[Kind]['parameters']): Promise<Requests[Kind]['answer']>
  /** Drops the connection at once: requests without an answer reject. May be called twice. */
  close (): void
}

export interface VersionRange { readonly min: number, readonly max: number }

/** The keys of the requests that the client sends. {@link DISPENSABLE} has those that a cluster need not take. */
export const API_KEYS = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  CreateTopics: 19,
  InitProducerId: 22,
  DescribeConfigs: 32
} as const

export type Api = keyof typeof API_KEYS

/** Requests that only look at a cluster. Where a node or a proxy does not take one, its `send` rejects. */
export const DISPENSABLE: ReadonlySet<Api> = new Set<Api>(['DescribeConfigs', 'DescribeGroups'])

export { pointsAtOption, WireError } from './wire-error.js'
export type * from './wire-description.js'

/** Numbers of 64 bits are bigints, `errorCode` is the protocol's number (0: none), record bytes are not looked into. */
export interface Requests {
  Produce: { parameters: ProduceRequest, answer: ProduceAnswer }
  Fetch: { parameters: FetchRequest, answer: FetchAnswer }
  ListOffsets: { parameters: ListOffsetsRequest, answer: ListOffsetsAnswer }
  Metadata: { parameters: MetadataRequest, answer: MetadataAnswer }
  OffsetCommit: { parameters: OffsetCommitRequest, answer: { readonly topics: OfTopics<PartitionAnswer> } }
  OffsetFetch: { parameters: OffsetFetchRequest, answer: OffsetFetchAnswer }
  FindCoordinator: { parameters: Pick<MemberIdentity, 'groupId'>, answer: FindCoordinatorAnswer }
  JoinGroup: { parameters: JoinGroupRequest, answer: JoinGroupAnswer }
  Heartbeat: { parameters: GenerationIdentity, answer: ErrorAnswer }
  LeaveGroup: { parameters: MemberIdentity, answer: ErrorAnswer }
  SyncGroup: { parameters: SyncGroupRequest, answer: ErrorAnswer & { readonly assignment: Buffer } }
  CreateTopics: { parameters: CreateTopicsRequest, answer: CreateTopicsAnswer }
  InitProducerId: { parameters: Record<never, never>, answer: InitProducerIdAnswer }
  DescribeConfigs: { parameters: DescribeConfigsRequest, answer: DescribeConfigsAnswer }
  DescribeGroups: { parameters: { readonly groupIds: readonly string[] }, answer: DescribeGroupsAnswer }
}

export interface ErrorAnswer {
  readonly errorCode: number
}

export interface PartitionAnswer extends ErrorAnswer {
  readonly partition: number
}

/** Rows of one kind, grouped by topic as the protocol groups them. */
export interface OfTopic<Row> {
  readonly topic: string
  readonly partitions: readonly Row[]
}

export type OfTopics<Row> = ReadonlyArray<OfTopic<Row>>

/** Acknowledged by all in-sync replicas (`acks: -1`). */
export interface ProduceRequest {
  /** ms that the leader waits for its replicas */
  readonly timeout: number
  /** `records`: one record batch of format 2, complete with producer id, epoch, base sequence and CRC. */
  readonly topics: OfTopics<{ readonly partition: number, readonly records: Buffer }>
}

export interface ProduceAnswer {
  readonly topics: OfTopics<PartitionAnswer & { readonly baseOffset: bigint }>
}

export interface FetchRequest {
  /** ms */
  readonly maxWait: number
  readonly minBytes: number
  readonly maxBytes: number
  /** 1: read_committed */
  readonly isolationLevel: 0 | 1
  /** KIP-392; empty: none. */
  readonly rack: string
  readonly topics: OfTopics<FetchPosition>
}

export interface FetchPosition {
  readonly partition: number
  readonly offset: bigint
  readonly maxBytes: number
}

export interface FetchAnswer extends ErrorAnswer {
  readonly topics: OfTopics<FetchedPartition>
}

export interface FetchedPartition extends PartitionAnswer {
  readonly highWatermark: bigint
  readonly lastStableOffset: bigint
  /** Aborted transactions, by producer and first offset; only with `isolationLevel` 1. */
  readonly aborted: ReadonlyArray<{ readonly producerId: bigint, readonly firstOffset: bigint }>
  /** The node to read from instead; −1: none. */
  readonly preferredReadReplica: number
  /** Record batches, the last one perhaps cut. */
  readonly records: Buffer
}

export interface ListOffsetsRequest {
  /** Isolation level: with timestamp −1, 0 asks for the high watermark and 1 for the last stable offset. */
  readonly isolationLevel: 0 | 1
  /** `timestamp`: −2 for the log's start, −1 for its end, or ms since the epoch. */
  readonly topics: OfTopics<{ readonly partition: number, readonly timestamp: bigint }>
}

export interface ListOffsetsAnswer {
  readonly topics: OfTopics<PartitionAnswer & { readonly offset: bigint }>
}

export interface MemberIdentity {
  readonly groupId: string
  /** Empty: not a member yet. */
  readonly memberId: string
  /** KIP-345; null: a dynamic member. */
  readonly groupInstanceId: string | null
}

export interface GenerationIdentity extends MemberIdentity {
  readonly generationId: number
}

export interface JoinGroupRequest extends MemberIdentity {
  /** ms, as `rebalanceTimeout` */
  readonly sessionTimeout: number
  readonly rebalanceTimeout: number
  readonly protocols: ReadonlyArray<{ readonly name: string, readonly metadata: Buffer }>
}

export interface JoinGroupAnswer extends ErrorAnswer {
  readonly generationId: number
  readonly protocol: string
  readonly leaderId: string
  /** Id of the member; with error 79, MEMBER_ID_REQUIRED, the id to join with. */
  readonly memberId: string
  /** Members of the group; the coordinator sends them to the leader only. */
  readonly members: ReadonlyArray<{ readonly memberId: string, readonly metadata: Buffer }>
}

export interface SyncGroupRequest extends GenerationIdentity {
  /** Assignments of all members; only the leader sends them. */
  readonly assignments: ReadonlyArray<{ readonly memberId: string, readonly assignment: Buffer }>
}

export interface OffsetCommitRequest extends GenerationIdentity {
  readonly topics: OfTopics<CommittedOffset>
}

export interface CommittedOffset {
  readonly partition: number
  readonly offset: bigint
  readonly metadata: string
}

export interface OffsetFetchRequest {
  readonly groupId: string
  readonly topics: OfTopics<{ readonly partition: number }>
}

export interface OffsetFetchAnswer extends ErrorAnswer {
  readonly topics: OfTopics<StoredOffset>
}

export interface StoredOffset extends PartitionAnswer {
  /** −1: nothing is stored. */
  readonly offset: bigint
  readonly metadata: string | null
}

export interface FindCoordinatorAnswer extends ErrorAnswer {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export interface CreateTopicsRequest {
  /** ms */
  readonly timeout: number
  /** `replicas`: −1 for the cluster's default. */
  readonly topics: ReadonlyArray<{ readonly topic: string, readonly partitions: number, readonly replicas: number }>
}

export interface CreateTopicsAnswer {
  readonly topics: ReadonlyArray<{ readonly topic: string, readonly message: string | null } & ErrorAnswer>
}

export interface InitProducerIdAnswer extends ErrorAnswer {
  readonly producerId: bigint
  readonly producerEpoch: number
}
