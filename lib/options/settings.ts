/* The checked options as the core reads them. The core imports these types; this file imports nothing from the core. */

import type { Partitioner } from '../../types/index.js'
import type { Compression } from '../transport/compression/codec.js'

/** How waits grow; ms. */
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

/** `breaker` with every member filled in. */
export interface BreakerSettings {
  /** ms */
  readonly window: number
  readonly ratio: number
  readonly minimum: number
}

/** What is handled one after the other: the messages of a partition, those of a key in a partition, nothing. */
export type Ordering = 'partition' | 'key' | 'none'

/** The level of the line that ends each message. */
export type MessageLogLevel = 'debug' | 'info' | 'silent'

/** Where reading begins without a usable offset; `timestamp`: ms since the epoch. */
export type OffsetResetMode = 'earliest' | 'latest' | 'fail' | { readonly timestamp: number }

/** Whether records of a transaction are read before it is committed. */
export type IsolationLevel = 'read_committed' | 'read_uncommitted'

/** The dead-letter topic of a topic; undefined: it has none. */
export type DeadLetterTopic = (topic: string) => string | undefined

/** What may wait in memory. */
export interface BufferSettings {
  /** Of one partition. */
  readonly messages: number
  /** Of all partitions together. */
  readonly bytes: number
}

/** When offsets are committed: after `interval` ms or `count` messages. */
export interface CommitSettings {
  readonly interval: number
  readonly count: number
}

export interface GroupSettings {
  readonly buffer: BufferSettings
  readonly commit: CommitSettings
  /** How long a rebalance waits for running handlers, ms. */
  readonly revokeDrain: number
  /** After this time the coordinator evicts a member that it does not hear, ms. */
  readonly sessionTimeout: number
  /** How long the group waits for a member in a rebalance, ms. */
  readonly rebalanceTimeout: number
  /** How often the cluster is heard while all is well, ms; undefined: often enough. */
  readonly contactInterval?: number | undefined
}

/** What may wait for the cluster. */
export interface QueueSettings {
  readonly messages: number
  readonly bytes: number
}

export interface ProducerSettings {
  /** How long one publish may take, ms. */
  readonly deadline: number
  readonly queue: QueueSettings
  readonly compression: Compression
  /** Of all publishers that have none of their own. */
  readonly partitioner: Partitioner | undefined
}

/** From when on the load is high, and when subscribers are slowed. */
export interface PressureSettings {
  /** Part of the queue of the producer. */
  readonly publishQueue: number
  /** ms */
  readonly commitAge: number
  /** ms; 0: never */
  readonly eventLoopDelay: number
}
