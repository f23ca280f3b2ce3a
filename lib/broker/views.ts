import { inspect, type InspectOptionsStylized } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type {
  BoundBroker, BrokerHealth, Dependencies, MessageSchema, Publisher, PublisherOptions, PublishOptions, RecordMetadata, Subscriber, SubscriberOptions, Topics
} from '../../types/index.js'
import { noSurplus } from '../options/assert.js'
import { FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { inspected } from '../shown.js'
import type { Broker } from './broker.js'
import { PublisherHandle, SubscriberHandle } from './handles.js'
import { DeclaredPublisher } from './publisher.js'
import { DeclaredSubscriber, type Handler } from './subscriber.js'

const PUBLISH = 'publish(publisher, value, options)'
const SUBSCRIBER = 'subscriber(topics, options, handler)'

/** A broker as one request or message sees it: what it publishes carries that one's correlation id. */
export class BoundView implements BoundBroker {
  readonly #broker: Broker
  readonly #scope: FastifyInstance
  readonly #correlationId: () => string

  constructor (broker: Broker, scope: FastifyInstance, correlationId: () => string) {
    this.#broker = broker
    this.#scope = scope
    this.#correlationId = correlationId
  }

  get correlationId (): string {
    return this.#correlationId()
  }

  // Async for its errors; up to the queue it runs at once, so that publishes keep the order of their calls.
  publish = async (target: string | Publisher, value: unknown, options?: PublishOptions, ...surplus: unknown[]): Promise<RecordMetadata> => {
    noSurplus(PUBLISH, surplus)
    return await publisherOf(this.#broker, this.#scope, target).prepare(value, options, this.#correlationId()).send()
  }

  toJSON (): object {
    return { name: this.#broker.name, correlationId: this.correlationId }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('BoundBroker', this.toJSON(), depth, options, inspectWith)
  }
}

/** A broker as one scope sees it. */
export class ScopeView implements BoundBroker {
  readonly #broker: Broker
  readonly #scope: FastifyInstance

  constructor (broker: Broker, scope: FastifyInstance) {
    this.#broker = broker
    this.#scope = scope
  }

  get name (): string {
    return this.#broker.name
  }

  publish = async (target: string | Publisher, value: unknown, options?: PublishOptions, ...surplus: unknown[]): Promise<RecordMetadata> => {
    noSurplus(PUBLISH, surplus)
    return await publisherOf(this.#broker, this.#scope, target).prepare(value, options).send()
  }

  health = (): BrokerHealth => {
    return this.#broker.health()
  }

  publisher = (topic: string, options: PublisherOptions<MessageSchema, unknown> = {}, ...surplus: unknown[]): Publisher => {
    noSurplus('publisher(topic, options)', surplus)
    const declared = new DeclaredPublisher(this.#broker, this.#scope, topic, options)
    return new PublisherHandle(this.#broker.addPublisher(declared))
  }

  subscriber = (
    topics: Topics,
    options: SubscriberOptions<MessageSchema, unknown, Dependencies> | Handler,
    handler?: Handler,
    ...surplus: unknown[]
  ): Subscriber => {
    noSurplus(SUBSCRIBER, surplus)
    if (typeof options === 'function' && handler !== undefined) {
      throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(SUBSCRIBER, 'the handler comes last')
    }
    const [given, handle] = typeof options === 'function' ? [{}, options] : [options, handler as Handler]
    const declared = new DeclaredSubscriber(this.#broker, this.#scope, topics, given, handle)
    return new SubscriberHandle(this.#broker.addSubscriber(declared))
  }

  toJSON (): object {
    return { name: this.name }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('Broker', this.toJSON(), depth, options, inspectWith)
  }
}

function publisherOf (broker: Broker, scope: FastifyInstance, target: unknown): DeclaredPublisher {
  if (typeof target === 'string') return broker.publisherFor(scope, target)
  const declared = PublisherHandle.declaredBy(target)
  if (declared === undefined) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('publisher', 'must be a topic, or what publisher() returned')
  }
  const { name } = declared.broker
  if (declared.broker !== broker) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('publisher', `belongs to broker '${name}': publish it through that one`)
  }
  return declared
}
