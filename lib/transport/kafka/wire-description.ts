import type { ErrorAnswer, OfTopic, PartitionAnswer } from './wire.js'

/* Requests of the wire that only look at a cluster. */

export interface MetadataRequest {
  /** Topics, at least one; null for all topics. The request never creates topics. */
  readonly topics: readonly string[] | null
}

export interface MetadataAnswer {
  /** Id of the cluster, where the broker tells it. */
  readonly clusterId?: string | null
  readonly brokers: ReadonlyArray<{ readonly nodeId: number, readonly host: string, readonly port: number }>
  readonly controllerId: number
  readonly topics: ReadonlyArray<ErrorAnswer & OfTopic<PartitionAnswer & PartitionReplicas>>
}

export interface PartitionReplicas {
  /** Node id; −1: none. */
  readonly leader: number
  /** Node ids; absent in an answer that is not asked for them. */
  readonly replicas?: readonly number[]
  readonly inSync?: readonly number[]
}

export interface DescribeConfigsRequest {
  /** A node by its id, or a topic by its name. */
  readonly resources: ReadonlyArray<{ readonly type: 'topic' | 'node', readonly name: string }>
  /** Names of the settings. */
  readonly names: readonly string[]
}

export interface DescribeConfigsAnswer {
  readonly resources: ReadonlyArray<ErrorAnswer & {
    readonly type: 'topic' | 'node'
    readonly name: string
    /** A value is null where it is secret. */
    readonly config: ReadonlyArray<readonly [name: string, value: string | null]>
  }>
}

export interface DescribeGroupsAnswer {
  readonly groups: ReadonlyArray<ErrorAnswer & {
    readonly groupId: string
    readonly state: string
    readonly protocolType: string
    readonly protocol: string
    readonly members: ReadonlyArray<{ readonly clientId: string, readonly metadata: Buffer }>
  }>
}
