/**
 * Cluster as `faststream doctor` sees it: what an app uses of it, with Kafka's own names for the settings.
 *
 * @example
 * const { nodes, topics } = await transport.describeCluster({ topics: ['orders'], groups: ['shop'] })
 */
export interface ClusterDescription {
  /** Number of nodes; undefined where the cluster has none, as in memory. */
  readonly nodes: number | undefined
  /** Topics that exist, by name. */
  readonly topics: ReadonlyMap<string, TopicDescription>
  /** Groups that are known, by name. */
  readonly groups: ReadonlyMap<string, GroupDescription>
  /** Settings of one node, such as `offsets.retention.minutes`; undefined: they are not told. */
  readonly config: ReadonlyMap<string, string> | undefined
  /** Facts that the cluster did not tell, each as a text with the reason. */
  readonly untold: readonly string[]
}

/**
 * Topic of a cluster.
 *
 * @example
 * const orders: TopicDescription = { partitions: 3, leaderless: [], replicas: 3, isInSync: true, config: new Map() }
 */
export interface TopicDescription {
  readonly partitions: number
  /** Partitions without a leader. */
  readonly leaderless: readonly number[]
  /** Number of replicas of the partition that has the fewest. */
  readonly replicas: number
  /** True when each replica of each partition is in sync. */
  readonly isInSync: boolean
  /** Settings, such as `retention.ms`; undefined: they are not told. */
  readonly config: ReadonlyMap<string, string> | undefined
}

/**
 * Group of consumers of a cluster.
 *
 * @example
 * const shop: GroupDescription = { protocolType: 'consumer', members: [{ clientId: 'shop', topics: ['orders'] }] }
 */
export interface GroupDescription {
  /** `'consumer'`, or what else has joined it, as `'connect'`; empty without members. */
  readonly protocolType: string
  /** Members, with the topics that they subscribe to; undefined: that cannot be read. */
  readonly members: ReadonlyArray<{ readonly clientId: string, readonly topics: readonly string[] | undefined }>
}
