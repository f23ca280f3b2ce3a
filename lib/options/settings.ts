/* The checked options as the core reads them. The core imports these types; this file imports nothing from the core. */

/** Growth of the waits between retries, ms. */
export interface BackoffSettings {
  readonly delay: number
  readonly factor: number
  readonly maxDelay: number
  readonly jitter: number
}

/** `retry` with every member filled in. */
export interface RetrySettings extends BackoffSettings {
  readonly retries: number
  readonly retryOn: (error: unknown) => boolean
}

/** Messages that are handled in order: those of a partition, those of a key in a partition, or none. */
export type Ordering = 'partition' | 'key' | 'none'

/** The level of the line that ends each message. */
export type MessageLogLevel = 'debug' | 'info' | 'silent'

/** Position where reading begins without a usable offset. */
export type OffsetResetMode = 'earliest' | 'latest' | 'fail'

/** The dead-letter topic of a topic; undefined: it has none. */
export type DeadLetterTopic = (topic: string) => string | undefined

/** Bounds of what one partition holds in memory. */
export interface BufferSettings {
  readonly messages: number
  readonly bytes: number
}

/** Bounds after which offsets are committed: after `interval` ms or `count` messages. */
export interface CommitSettings {
  readonly interval: number
  readonly count: number
}

export interface GroupSettings {
  readonly buffer: BufferSettings
  readonly commit: CommitSettings
  /** Time that a rebalance waits for running handlers, ms. */
  readonly revokeDrain: number
  /** After this time the coordinator evicts a member that it does not hear, ms. */
  readonly sessionTimeout: number
  /** Time that the group waits for a member in a rebalance, ms. */
  readonly rebalanceTimeout: number
}

/** Bounds of what waits for the cluster. */
export interface QueueSettings {
  readonly messages: number
  readonly bytes: number
}

export interface ProducerSettings {
  /** Longest time of one publish, ms. */
  readonly deadline: number
  readonly queue: QueueSettings
}
