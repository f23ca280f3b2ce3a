import type { FastifyInstance } from 'fastify'
import type {
  BrokerHealth, BrokerObservation, BrokerPressure, MessageStory, RecordMetadata
} from '../../types/index.js'
import { FASTSTREAM_ERR_EXPLAIN, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { integer, noSurplus, text } from '../options/assert.js'
import { LifecycleView, type LivingBroker } from './lifecycle-view.js'
import { pressureOf, type LoadedBroker } from './pressure.js'

/** The broker behind a view, as far as its state goes. */
export interface ObservedBroker extends LivingBroker, LoadedBroker {
  readonly stories: { of (place: RecordMetadata): MessageStory | undefined } | undefined
  health (): BrokerHealth
}

/** The state of a broker. */
export class ObservedView extends LifecycleView implements BrokerObservation {
  readonly #broker: ObservedBroker

  constructor (broker: ObservedBroker, scope: FastifyInstance) {
    super(broker, scope)
    this.#broker = broker
  }

  health = (): BrokerHealth => {
    return this.#broker.health()
  }

  pressure = (): BrokerPressure => {
    return pressureOf(this.#broker)
  }

  explain = (topic: string, partition: number, offset: bigint, ...surplus: unknown[]): MessageStory | undefined => {
    noSurplus('explain(topic, partition, offset)', surplus)
    text('topic', topic)
    integer('partition', partition, 0)
    if (typeof offset !== 'bigint') throw new FASTSTREAM_ERR_INVALID_OPTION('offset', 'must be a bigint')
    const { stories } = this.#broker
    if (stories === undefined) throw new FASTSTREAM_ERR_EXPLAIN()
    return stories.of({ topic, partition, offset })
  }
}
