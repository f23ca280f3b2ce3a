import { inspect, type InspectOptionsStylized } from 'node:util'
import type { Publisher, RecordMetadata, Subscriber } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { sendAs } from '../message/outgoing.js'
import { isObject, noSurplus } from '../options/assert.js'
import { inspected } from '../shown.js'
import type { TopicPartitionOffset } from '../transport/transport.js'
import type { PublisherDeclaration, SubscriberDeclaration } from './declaration.js'
import type { GivenOptions, PublisherPlan } from './publisher.js'

/* Handle of a declaration, for users. Nothing leads from a handle to the broker and its settings. */

const SKIP_TO = 'skipTo({ topic, partition, offset })'

/** The broker of a publisher. */
export interface PublisherSource {
  readonly name: string
  /** @throws FASTSTREAM_ERR_NOT_READY before the app is ready */
  publisherOf (declaration: PublisherDeclaration): PublisherPlan
  /** True when the AsyncAPI document shows the publisher. */
  isInSchema (declaration: PublisherDeclaration): boolean
}

/** The broker of a subscriber. */
export interface SubscriberSource {
  groupIdOf (declaration: SubscriberDeclaration): string | null
  skipTo (declaration: SubscriberDeclaration, to: TopicPartitionOffset): void
}

export class PublisherHandle implements Publisher {
  readonly topic: string
  readonly #declaration: PublisherDeclaration
  readonly #source: PublisherSource

  constructor (declaration: PublisherDeclaration, source: PublisherSource) {
    this.topic = declaration.topic
    this.#declaration = declaration
    this.#source = source
  }

  /** Takes only what publisher() returned, and no copy of it. */
  static isHandle (value: unknown): value is PublisherHandle {
    return typeof value === 'object' && value !== null && #declaration in value
  }

  /** The broker on which it was declared. */
  static sourceOf (handle: PublisherHandle): PublisherSource {
    return handle.#source
  }

  static isInSchema (handle: PublisherHandle): boolean {
    return handle.#source.isInSchema(handle.#declaration)
  }

  static planOf (handle: PublisherHandle): PublisherPlan {
    return handle.#source.publisherOf(handle.#declaration)
  }

  publish = (async (value: unknown, options?: GivenOptions, ...surplus: unknown[]) => {
    noSurplus('publish(value, options)', surplus)
    return await sendAs(PublisherHandle.planOf(this).prepare(value, options), options)
  }) as Publisher['publish']

  toJSON (): object {
    return { topic: this.topic }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('Publisher', this.toJSON(), depth, options, inspectWith)
  }
}

export class SubscriberHandle implements Subscriber {
  readonly topics: readonly string[]
  readonly #declaration: SubscriberDeclaration
  readonly #source: SubscriberSource

  constructor (declaration: SubscriberDeclaration, source: SubscriberSource) {
    this.topics = declaration.topics
    this.#declaration = declaration
    this.#source = source
  }

  get groupId (): string | null {
    return this.#source.groupIdOf(this.#declaration)
  }

  skipTo = (to: RecordMetadata, ...surplus: unknown[]): void => {
    noSurplus(SKIP_TO, surplus)
    if (!isObject(to)) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(SKIP_TO, 'it takes an object')
    const { topic, partition, offset } = to
    const { topics } = this
    if (!topics.includes(topic)) {
      throw new FASTSTREAM_ERR_INVALID_OPTION('topic', `must be one that the subscriber reads: ${topics.join(', ')}`)
    }
    if (typeof offset !== 'bigint' || offset < 0n) {
      throw new FASTSTREAM_ERR_INVALID_OPTION('offset', 'must be a bigint of at least 0')
    }
    this.#source.skipTo(this.#declaration, { topic, partition, offset })
  }

  toJSON (): object {
    return { topics: this.topics, groupId: this.groupId }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('Subscriber', this.toJSON(), depth, options, inspectWith)
  }
}
