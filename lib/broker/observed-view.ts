import type { FastifyInstance } from 'fastify'
import type { BrokerHealth, BrokerObservation, BrokerPressure } from '../../types/index.js'
import { LifecycleView, type LivingBroker } from './lifecycle-view.js'
import { pressureOf, type LoadedBroker } from './pressure.js'

/** The broker behind a view, as far as its state goes. */
export interface ObservedBroker extends LivingBroker, LoadedBroker {
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
}
