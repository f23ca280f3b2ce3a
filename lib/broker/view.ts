import type { FastifyInstance } from 'fastify'
import type {
  BoundBroker, BrokerHealth, Dependencies, MessageSchema, Publisher, PublisherOptions, PublishOptions, RecordMetadata, Subscriber, SubscriberOptions, Topics
} from '../../types/index.js'
import { noSurplus } from '../check.js'
import { FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { Broker } from './broker.js'
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
  async publish (target: string | Publisher, value: unknown, options?: PublishOptions): Promise<RecordMetadata> {
    noSurplus(PUBLISH, arguments, 3)
    return await publisherOf(this.#broker, this.#scope, target).prepare(value, options, this.#correlationId()).send()
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

  async publish (target: string | Publisher, value: unknown, options?: PublishOptions): Promise<RecordMetadata> {
    noSurplus(PUBLISH, arguments, 3)
    return await publisherOf(this.#broker, this.#scope, target).prepare(value, options).send()
  }

  health (): BrokerHealth {
    return this.#broker.health()
  }

  publisher (topic: string, options: PublisherOptions<MessageSchema, unknown> = {}): Publisher {
    noSurplus('publisher(topic, options)', arguments, 2)
    return this.#broker.addPublisher(new DeclaredPublisher(this.#broker, this.#scope, topic, options))
  }

  subscriber (topics: Topics, options: SubscriberOptions<MessageSchema, unknown, Dependencies> | Handler, handler?: Handler): Subscriber {
    noSurplus(SUBSCRIBER, arguments, 3)
    if (typeof options === 'function' && handler !== undefined) {
      throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(SUBSCRIBER, 'the handler comes last')
    }
    const [given, handle] = typeof options === 'function' ? [{}, options] : [options, handler as Handler]
    return this.#broker.addSubscriber(new DeclaredSubscriber(this.#broker, this.#scope, topics, given, handle))
  }
}

function publisherOf (broker: Broker, scope: FastifyInstance, target: unknown): DeclaredPublisher {
  if (typeof target === 'string') return broker.publisherFor(scope, target)
  if (!(target instanceof DeclaredPublisher)) throw new FASTSTREAM_ERR_INVALID_OPTION('publisher', 'must be a topic, or what publisher() returned')
  if (target.broker !== broker) throw new FASTSTREAM_ERR_INVALID_OPTION('publisher', `belongs to broker '${target.broker.name}': publish it through that one`)
  return target
}
