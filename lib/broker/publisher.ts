import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type {
  BatchEntry, Codec, PublishCommand, PublishOptions, RecordMetadata, UnconfirmedOptions
} from '../../types/index.js'
import type { Clock } from '../clock.js'
import type { Log } from '../log.js'
import { acceptCorrelationId } from '../message/correlation-id.js'
import { codecRules } from '../message/codec-rules.js'
import type { IncomingRules } from '../message/decode.js'
import { encode, type OutgoingRules } from '../message/encode.js'
import { send, type Prepared, type PublishingSender, type Sending } from '../message/outgoing.js'
import { checkPublishOptions } from '../message/publish-options.js'
import { PublishBatch } from '../middleware/publish-batch.js'
import type { PublishChain, PublishChains, PublishScopes } from '../middleware/publish-chain.js'
import type { PublishOrder } from '../middleware/publish-order.js'
import type { ResultWay } from '../middleware/publish-results.js'
import type { Settings } from '../options/plugin-options.js'
import { unconfirmed } from '../produce/unconfirmed.js'
import type { Target } from '../request/requests.js'
import type { Validate } from '../schema/validator.js'
import type { ConsumedRecord } from '../transport/transport.js'
import { checkTopic } from '../options/topic-name.js'

/** Options of a publish, which a caller without types may have written in any way. */
export type GivenOptions = PublishOptions | UnconfirmedOptions

const NO_OPTIONS: PublishOptions = Object.freeze({})

/** Parts of broker and scope that a publisher needs. */
export interface PublisherMeans {
  readonly sender: PublishingSender
  readonly now: () => number
  readonly log: Log
  readonly chains: PublishChains
  /** Rules of the replies to its requests. */
  readonly replies: () => IncomingRules
  /** The record that is replied to. */
  readonly repliesTo?: ConsumedRecord | undefined
}

/** Values that a result takes from the message whose handler returned it. */
export interface ResultOrigin {
  readonly correlationId: string
  readonly rawKey: Buffer | null
}

/** A compiled publisher: encodes messages for the broker that sends them. */
export class PublisherPlan {
  readonly #rules: OutgoingRules
  readonly #means: PublisherMeans

  constructor (rules: OutgoingRules, means: PublisherMeans) {
    this.#rules = rules
    this.#means = means
    Object.freeze(this)
  }

  get topic (): string {
    return this.#rules.topic
  }

  /**
   * Publishes a message, by way of the middlewares of the place from which it is published and of the publisher. Up to
   * the queue it runs at once, or it takes its place there: publishes keep the order of their calls.
   *
   * @param correlationId of the request or message that publishes
   */
  publish (
    value: unknown, options: PublishOptions | undefined, scopes: PublishScopes, correlationId?: string
  ): Promise<RecordMetadata>
  publish (
    value: unknown, options: GivenOptions | undefined, scopes: PublishScopes, correlationId?: string
  ): Promise<RecordMetadata | undefined>
  publish (
    value: unknown, options: GivenOptions | undefined, scopes: PublishScopes, correlationId?: string
  ): Promise<RecordMetadata | undefined> {
    if (options?.noConfirm !== true) return this.#publish(value, options, scopes, correlationId, options)
    const { wait } = options
    return unconfirmed(
      (queued) => this.#publish(value, options, scopes, correlationId, { wait, queued }),
      (error) => { this.#means.sender.failedLater(this.topic, error) })
  }

  #publish (
    value: unknown, options: GivenOptions | undefined, scopes: PublishScopes, correlationId?: string, sending?: Sending
  ): Promise<RecordMetadata> {
    const { chains } = this.#means
    const chain = chains.from(scopes)
    if (chain === undefined) return send(this.prepare(value, options, correlationId), sending)
    return this.#publishInOrder(chain, chains.order, this.#commandOf(value, options, correlationId), sending)
  }

  /** A request with a value. */
  target (value: unknown, scopes: PublishScopes): Target {
    return {
      topic: this.topic,
      replies: this.#means.replies(),
      send: (options, correlationId) => this.publish(value, options, scopes, correlationId)
    }
  }

  /**
   * Publishes messages in a row, each as {@link publish} does.
   *
   * @throws FASTSTREAM_ERR_PUBLISH_BATCH
   */
  publishBatch (
    entries: readonly BatchEntry[], scopes: PublishScopes, correlationId?: string
  ): Promise<readonly RecordMetadata[]> {
    const { order } = this.#means.chains
    const chain = this.#means.chains.from(scopes)
    const batch = new PublishBatch(this.topic, order)
    if (chain !== undefined) {
      return batch.publishThrough(entries.map(({ value, ...options }) => async (store) => {
        const command = this.#commandOf(value, options, correlationId)
        return await chain.run(command, (changed) => store({ ...this.#prepareCommand(changed), sender: order.direct }))
      }))
    }
    return batch.publish(entries.map(({ value, ...options }) => () => {
      return { ...this.prepare(value, options, correlationId), sender: order.direct }
    }))
  }

  /** Whether a result that is published from `scopes` passes through middlewares. */
  hasMiddlewares (scopes: PublishScopes): boolean {
    return this.#means.chains.from(scopes) !== undefined
  }

  /** The way of a result of a handler through middlewares; undefined where there are none. */
  resultWay (
    value: unknown, options: PublishOptions | undefined, scopes: PublishScopes, from: ResultOrigin
  ): ResultWay | undefined {
    const chain = this.#means.chains.from(scopes)
    if (chain === undefined) return undefined
    return async (store) => {
      const command = this.#commandOf(value, options, from.correlationId)
      return await chain.run(command, (changed) => store(this.#prepareCommand(changed, from.rawKey)))
    }
  }

  /**
   * Checks and encodes a message; throws before anything is sent.
   *
   * @param correlationId of the request or message that publishes
   * @param tombstoneKey the key of a tombstone that has no key of its own
   */
  prepare (
    value: unknown, options: GivenOptions = NO_OPTIONS, correlationId?: string, tombstoneKey: Buffer | null = null
  ): Prepared {
    const { sender, now, log, repliesTo } = this.#means
    if (options !== NO_OPTIONS) checkPublishOptions(options)
    const own = options.correlationId
    const circumstances = {
      correlationId: own === undefined ? correlationId : acceptCorrelationId(own, randomUUID, log),
      tombstoneKey,
      now: now()
    }
    const outgoing = encode(value, options, this.#rules, circumstances)
    return { outgoing: repliesTo === undefined ? outgoing : { ...outgoing, repliesTo }, sender }
  }

  async #publishInOrder (
    chain: PublishChain, order: PublishOrder, command: PublishCommand, sending?: Sending
  ): Promise<RecordMetadata> {
    const place = order.take(command.topic)
    try {
      return await chain.run(command, (changed) => {
        return order.sendFrom(place, this.#prepareCommand(changed).outgoing, sending)
      })
    } finally {
      place.leave()
    }
  }

  #commandOf (value: unknown, options: GivenOptions | undefined, correlationId?: string): PublishCommand {
    if (options !== undefined) checkPublishOptions(options)
    const { topic } = this.#rules
    const own = options?.correlationId
    return { ...options, noConfirm: undefined, correlationId: own ?? correlationId, topic, value }
  }

  #prepareCommand ({ topic, value, ...options }: PublishCommand, rawKey: Buffer | null = null): Prepared {
    return this.prepare(value, options, undefined, value === null ? rawKey : null)
  }
}

/** The broker of publishers that are not declared. */
interface PlainBroker extends PublishingSender {
  readonly clock: Clock
  readonly chains: PublishChains
  readonly settings: Pick<Settings, 'producer' | 'bodyLimit'>
}

/** A publisher without schema, key and headers: it publishes what it is given. @throws FASTSTREAM_ERR_INVALID_TOPIC */
export function plainPublisher (
  broker: PlainBroker, { log }: FastifyInstance, topic: string, codec?: Codec
): PublisherPlan {
  const { chains, settings: { producer: { partitioner }, bodyLimit } } = broker
  const rules = { topic: checkTopic(topic), hasSchema: false, validators: {}, codec, partitioner }
  const replies = (): IncomingRules => replyRules(bodyLimit, codec)
  return new PublisherPlan(rules, { sender: broker, now: () => broker.clock.now(), log, chains, replies })
}

/** Rules of replies: their value is written as the values of the publisher are. */
export function replyRules (bodyLimit: number, codec: Codec | undefined, value?: Validate): IncomingRules {
  const codecs = codecRules({ codec: { value: codec, key: undefined }, decoder: [], parser: [] })
  return { bodyLimit, validators: { value }, codecs }
}
