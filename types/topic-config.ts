/**
 * Settings of the topics that the app creates.
 *
 * @example
 * const topicConfig: TopicConfig = { partitions: 12, replicas: 3 }
 * await app.register(faststreamPlugin, { brokers: ['localhost:9092'], groupId: 'shop', topicConfig })
 */
export interface TopicConfig {
  /** Number of partitions. @default 3 */
  partitions?: number | undefined
  /** Replication factor; −1 is the cluster's default (KIP-464). @default -1 */
  replicas?: number | undefined
}
