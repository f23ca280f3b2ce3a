import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { FaststreamOptions } from '../../index.js'

export interface StoredRecord {
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** By name, each with its values in their order. */
  readonly headers: Readonly<Record<string, ReadonlyArray<Buffer | null>>>
}

export interface Reading {
  readonly topic: string
  readonly groupId: string
  readonly offsetReset?: 'earliest' | 'latest'
}

/** A cluster on which the sentences of the suite must be true. Several apps share it, as processes do. */
export interface World {
  readonly name: string
  /** A name that no other test has. */
  unique (prefix: string): string
  /** An app on this cluster, not ready yet; it is closed at the end of the test. */
  app (t: Test, options?: FaststreamOptions): Promise<FastifyInstance>
  /** Resolves with its name: an own one, or that of one that was deleted. */
  createTopic (partitions: number, topic?: string): Promise<string>
  /** Resolves once no client can write to it any more. */
  deleteTopic (topic: string): Promise<void>
  /** What is before the offset `before` is gone, as when its retention has passed. */
  deleteRecords (topic: string, partition: number, before: bigint): Promise<void>
  /** Everything that a topic holds, by partition and offset. */
  read (topic: string): Promise<readonly StoredRecord[]>
  /** How many partitions a topic has; 0: there is none. */
  partitions (topic: string): Promise<number>
  /** Until the topic has `count` of them. */
  addPartitions (topic: string, count: number): Promise<void>
  /** The offset that a group has stored, for each partition of a topic: 0 where there is none. */
  committed (groupId: string, topic: string): Promise<readonly bigint[]>
  /** Stores an offset of partition 0, and a text with it, for a group that has no members, with another client. */
  commit (groupId: string, topic: string, offset: bigint, metadata?: string): Promise<void>
  /** Starts a process with {@link stalls}, and resolves with what kills it. */
  victim (t: Test, reading: Reading): Promise<() => Promise<void>>
  /** Appends values to partition 0. Left out where the cluster has no transactions. */
  transaction? (end: 'commit' | 'abort', topic: string, values: readonly string[]): Promise<void>
}

/** A subscriber that never ends the message `stall`. */
export function stalls (app: FastifyInstance, topic: string): void {
  app.broker.subscriber(topic, async (value) => { if (value === 'stall') await new Promise(() => {}) })
}
