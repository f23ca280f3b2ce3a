import type { FastifyInstance } from 'fastify'
import type { BrokerLifecycle, DeadLetters } from '../../types/index.js'
import { LONGEST_TIMER } from '../clock.js'
import { noSurplus, number, onlyKnown } from '../options/assert.js'
import type { Task } from './background-task.js'
import type { Hook, Lifecycle } from './lifecycle.js'

/** The broker behind a view, as far as its life goes. */
export interface LivingBroker {
  readonly isStarted: boolean
  readonly topics: readonly string[]
  readonly deadLetters: DeadLetters
  readonly lifecycle: Pick<Lifecycle, 'onStarted' | 'onStopping' | 'addBackground'>
  /** Whether the cluster answers within `timeout` ms. Never rejects. */
  ping (timeout: number): Promise<boolean>
  setKafkaBroker (name: string): void
}

/** ms */
const PING_TIMEOUT = 5000

/** The life of a broker as one scope sees it. */
export class LifecycleView implements BrokerLifecycle<FastifyInstance> {
  readonly #broker: LivingBroker
  readonly #scope: FastifyInstance

  constructor (broker: LivingBroker, scope: FastifyInstance) {
    this.#broker = broker
    this.#scope = scope
  }

  get isStarted (): boolean {
    return this.#broker.isStarted
  }

  get deadLetters (): DeadLetters {
    return this.#broker.deadLetters
  }

  topics = (): readonly string[] => {
    return [...this.#broker.topics].sort()
  }

  ping = async (options: { timeout?: number | undefined } = {}, ...surplus: unknown[]): Promise<boolean> => {
    noSurplus('ping(options)', surplus)
    onlyKnown('', options, ['timeout'])
    return await this.#broker.ping(number('timeout', options.timeout ?? PING_TIMEOUT, 0, LONGEST_TIMER))
  }

  setKafkaBroker = (name: string, ...surplus: unknown[]): void => {
    noSurplus('setKafkaBroker(name)', surplus)
    this.#broker.setKafkaBroker(name)
  }

  onStarted = (run: Hook, ...surplus: unknown[]): void => {
    noSurplus('onStarted(run)', surplus)
    this.#broker.lifecycle.onStarted(this.#scope, run)
  }

  onStopping = (run: Hook, ...surplus: unknown[]): void => {
    noSurplus('onStopping(run)', surplus)
    this.#broker.lifecycle.onStopping(this.#scope, run)
  }

  background = (name: string, run: Task, ...surplus: unknown[]): void => {
    noSurplus('background(name, run)', surplus)
    this.#broker.lifecycle.addBackground(this.#scope, name, run)
  }
}
