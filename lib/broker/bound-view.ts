import { inspect } from 'node:util'
import type { BatchEntry, BoundBroker, Publisher, RecordMetadata } from '../../types/index.js'
import { checkBatch } from '../message/publish-options.js'
import type { PublishScopes } from '../middleware/publish-chain.js'
import { noSurplus } from '../options/assert.js'
import type { GivenOptions as GivenRequest } from '../request/request-options.js'
import { inspected, type InspectStyle } from '../shown.js'
import type { Position } from './layers.js'
import type { GivenOptions } from './publisher.js'
import { callOf, PUBLISH, PUBLISH_BATCH, publisherOf, REQUEST } from './targets.js'
import type { ViewedBroker } from './views.js'

/** Where a request or a message publishes from. */
export interface BoundPlace extends Position {
  /** The middlewares of what is published from there. */
  readonly scopes: PublishScopes
}

/** A request or a message, for which a broker publishes. */
export interface Origin {
  readonly correlationId: () => string
  /** Aborts when nothing waits for a reply any more: the client is gone, or the attempt is over. */
  readonly signal: () => AbortSignal | undefined
}

/** A broker as one request or message sees it: what it publishes carries that one's correlation id. */
export class BoundView implements BoundBroker {
  readonly #broker: ViewedBroker
  readonly #place: BoundPlace
  readonly #origin: Origin
  #onFirstPublish: ((correlationId: string) => void) | undefined

  constructor (
    broker: ViewedBroker, place: BoundPlace, origin: Origin, onFirstPublish?: (correlationId: string) => void
  ) {
    this.#broker = broker
    this.#place = place
    this.#origin = origin
    this.#onFirstPublish = onFirstPublish
  }

  get correlationId (): string {
    return this.#origin.correlationId()
  }

  // Async for its errors; up to the queue it runs at once, so that publishes keep the order of their calls.
  publish = (async (
    target: string | Publisher, value: unknown, options?: GivenOptions, ...surplus: unknown[]
  ) => {
    noSurplus(PUBLISH, surplus)
    const { correlationId } = this
    const { scopes } = this.#place
    const publisher = publisherOf(this.#broker, this.#place, target)
    const published = publisher.publish(value, options, scopes, correlationId)
    this.#published(correlationId)
    return await published
  }) as BoundBroker['publish']

  request = (async (target: string | Publisher, value: unknown, options?: GivenRequest, ...surplus: unknown[]) => {
    noSurplus(REQUEST, surplus)
    const { correlationId, signal } = this.#origin
    const call = callOf(this.#broker, this.#place, target, value)
    const replied = this.#broker.requests.request({ ...call, correlationId, signal: signal() }, options)
    this.#published(this.correlationId)
    return await replied
  }) as BoundBroker['request']

  publishBatch = async (
    target: string | Publisher, messages: readonly BatchEntry[], ...surplus: unknown[]
  ): Promise<readonly RecordMetadata[]> => {
    noSurplus(PUBLISH_BATCH, surplus)
    checkBatch(messages)
    const { correlationId } = this
    const publisher = publisherOf(this.#broker, this.#place, target)
    const published = publisher.publishBatch(messages, this.#place.scopes, correlationId)
    this.#published(correlationId)
    return await published
  }

  #published (correlationId: string): void {
    this.#onFirstPublish?.(correlationId)
    this.#onFirstPublish = undefined
  }

  toJSON (): object {
    return { name: this.#broker.name, correlationId: this.correlationId }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('BoundBroker', this.toJSON(), depth, options, inspectWith)
  }
}
