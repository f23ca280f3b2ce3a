import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Codec, PublishOptions, UnconfirmedOptions } from '../../types/index.js'
import type { Clock } from '../clock.js'
import type { Log } from '../log.js'
import { acceptCorrelationId } from '../message/correlation-id.js'
import { encode, type OutgoingRules } from '../message/encode.js'
import type { Prepared, PublishingSender } from '../message/outgoing.js'
import { checkPublishOptions } from '../message/publish-options.js'
import type { Settings } from '../options/plugin-options.js'
import { checkTopic } from '../options/topic-name.js'

/** Options of a publish, which a caller without types may have written in any way. */
export type GivenOptions = PublishOptions | UnconfirmedOptions

const NO_OPTIONS: PublishOptions = Object.freeze({})

/** Parts of broker and scope that a publisher needs. */
export interface PublisherMeans {
  readonly sender: PublishingSender
  readonly now: () => number
  readonly log: Log
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
   * Checks and encodes a message; throws before anything is sent.
   *
   * @param correlationId of the request or message that publishes
   * @param tombstoneKey the key of a tombstone that has no key of its own
   */
  prepare (
    value: unknown, options: GivenOptions = NO_OPTIONS, correlationId?: string, tombstoneKey: Buffer | null = null
  ): Prepared<PublishingSender> {
    const { sender, now, log } = this.#means
    if (options !== NO_OPTIONS) checkPublishOptions(options)
    const own = options.correlationId
    const circumstances = {
      correlationId: own === undefined ? correlationId : acceptCorrelationId(own, randomUUID, log),
      tombstoneKey,
      now: now()
    }
    return { outgoing: encode(value, options, this.#rules, circumstances), sender }
  }
}

/** The broker of publishers that are not declared. */
interface PlainBroker extends PublishingSender {
  readonly clock: Clock
  readonly settings: Pick<Settings, 'producer'>
}

/** A publisher without schema, key and headers: it publishes what it is given. @throws FASTSTREAM_ERR_INVALID_TOPIC */
export function plainPublisher (
  broker: PlainBroker, { log }: FastifyInstance, topic: string, codec?: Codec
): PublisherPlan {
  const { partitioner } = broker.settings.producer
  const rules = { topic: checkTopic(topic), hasSchema: false, validators: {}, codec, partitioner }
  return new PublisherPlan(rules, { sender: broker, now: () => broker.clock.now(), log })
}
