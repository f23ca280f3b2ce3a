import { inspect } from 'node:util'
import type { Publisher } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { NO_SCOPES } from '../middleware/publish-chain.js'
import { noSurplus } from '../options/assert.js'
import type { GivenOptions as GivenRequest } from '../request/request-options.js'
import type { Requests, Target } from '../request/requests.js'
import { inspected, type InspectStyle } from '../shown.js'
import type { TopicPartitionOffset } from '../transport/transport.js'
import type { PublisherDeclaration, SubscriberDeclaration, WrittenPublisher } from './declaration.js'
import type { DynamicSubscribers } from './dynamic-subscribers.js'
import type { Position } from './layers.js'
import type { PausedSubscribers } from './paused-subscribers.js'
import { Places, type Place } from './places.js'
import type { GivenOptions, PublisherPlan } from './publisher.js'

/* Handle of a declaration, for users. Nothing leads from a handle to the broker and its settings. */

const PUBLISH_CURE = 'publish it through request.broker, message.broker or app.broker'

/** The broker of a publisher. */
export interface PublisherSource {
  readonly name: string
  readonly requests: Pick<Requests, 'request'>
  /** @throws FASTSTREAM_ERR_NOT_READY before the app is ready */
  publisherOf (declaration: PublisherDeclaration): PublisherPlan
  /** Its topic, with the prefixes that are declared so far. */
  topicOf (declaration: PublisherDeclaration): string
  /** True when the AsyncAPI document shows the publisher. */
  isInSchema (declaration: PublisherDeclaration): boolean
}

/** The broker of a subscriber. */
export interface SubscriberSource {
  /** Its topics, with the prefixes that are declared so far. */
  topicsOf (declaration: SubscriberDeclaration): readonly string[]
  groupIdOf (declaration: SubscriberDeclaration): string | null
  /** Whether the subscriber names the topic, or one of its patterns matches it. */
  reads (declaration: SubscriberDeclaration, topic: string): boolean
  skipTo (declaration: SubscriberDeclaration, to: TopicPartitionOffset): void
  readonly paused: PausedSubscribers
  readonly dynamic: DynamicSubscribers
}

export type PublisherPlace = Place<PublisherDeclaration, PublisherSource>
export type PublisherPlaces = Places<PublisherDeclaration, PublisherSource>
export type SubscriberPlaces = Places<SubscriberDeclaration, SubscriberSource>

export class PublisherHandle implements Publisher {
  readonly #written: WrittenPublisher
  readonly #places: PublisherPlaces

  constructor (written: WrittenPublisher, places: PublisherPlaces) {
    this.#written = written
    this.#places = places
  }

  /** Handle of a publisher that is declared in a scope. */
  static declared (declaration: PublisherDeclaration, source: PublisherSource): PublisherHandle {
    return new PublisherHandle(declaration, new Places(declaration.topic, { declaration, source }))
  }

  /** Takes only what publisher() returned, and no copy of it. */
  static isHandle (value: unknown): value is PublisherHandle {
    return typeof value === 'object' && value !== null && #places in value
  }

  /** @throws FASTSTREAM_ERR_INVALID_OPTION */
  static of (value: unknown): PublisherHandle {
    if (PublisherHandle.isHandle(value)) return value
    throw new FASTSTREAM_ERR_INVALID_OPTION('publisher', 'must be a topic, or what publisher() returned')
  }

  /** The declaration that a handle stands for at a position of a broker. @throws FASTSTREAM_ERR_ROUTER_HANDLE */
  static placeOf (handle: PublisherHandle, position: Position, source: PublisherSource): PublisherPlace {
    return handle.#places.nearest(position, source)
  }

  get topic (): string {
    const place = this.#places.single
    return place === undefined ? this.#written.topic : place.source.topicOf(place.declaration)
  }

  publish = (async (value: unknown, options?: GivenOptions, ...surplus: unknown[]) => {
    noSurplus('publish(value, options)', surplus)
    const { source, declaration } = this.#places.only(PUBLISH_CURE)
    return await source.publisherOf(declaration).publish(value, options, NO_SCOPES)
  }) as Publisher['publish']

  request = async (value: unknown, options?: GivenRequest, ...surplus: unknown[]): Promise<unknown> => {
    noSurplus('request(value, options)', surplus)
    const { source, declaration } = this.#places.only(PUBLISH_CURE)
    const target = (): Target => source.publisherOf(declaration).target(value, NO_SCOPES)
    return await source.requests.request({ topic: this.topic, scope: declaration.scope, target }, options)
  }

  toJSON (): object {
    return { topic: this.topic }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('Publisher', this.toJSON(), depth, options, inspectWith)
  }
}
