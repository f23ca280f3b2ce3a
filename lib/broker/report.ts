import type { BrokerHealth } from '../../types/index.js'
import type { Clock } from '../clock.js'
import { isEnabled, type Log } from '../log.js'
import { UnconfirmedFailures } from '../produce/unconfirmed.js'
import { acceptsAnyCertificate } from '../options/connection.js'
import type { Settings } from '../options/plugin-options.js'
import { Sealed } from '../sealed.js'

/** Tells how the life of one broker goes: log lines. */
export class BrokerReport {
  readonly #log: Log
  readonly unconfirmed: UnconfirmedFailures
  #settings: Settings
  #connectFailed = false
  #closingSince: number | undefined

  constructor (settings: Settings, log: Log) {
    this.#settings = settings
    this.#log = log
    this.unconfirmed = new UnconfirmedFailures(settings.name, log)
    this.use(settings)
  }

  /** The settings of the cluster that was chosen last. */
  use (settings: Settings): void {
    this.#settings = settings
    if (!acceptsAnyCertificate(Sealed.open(settings.security).ssl)) return
    const message = 'ssl.rejectUnauthorized is false: any host can pose as the Kafka cluster'
    this.#log.warn({ broker: settings.name }, message)
  }

  /** The first try to reach the cluster failed. Later tries are not told one by one. */
  connectFailed (err: Error): void {
    if (this.#connectFailed) return
    this.#connectFailed = true
    const { name: broker, brokers } = this.#settings
    this.#log.warn({ err, broker, brokers }, 'no broker could be reached yet, it is tried again')
  }

  /** Reports a failed try with `startup: 'background'`. The next one is in `wait` ms. */
  startFailed (err: Error, attempt: number, wait: number): void {
    const details = { err, broker: this.#settings.name, attempt, retryIn: Math.round(wait) }
    this.#log.error(details, 'the cluster cannot be used, it will be tried again')
  }

  joinsLate (): void {
    const { name: broker, connectTimeout: timeout } = this.#settings
    const message = 'groups are not joined yet: members that died still count; messages flow once they are joined'
    this.#log.warn({ broker, timeout }, message)
  }

  joinFailed (err: unknown): void {
    const details = { err, broker: this.#settings.name }
    this.#log.error(details, 'groups could not be joined: their messages are not read')
  }

  /** `health`: the broker's, from before anything was stopped. `unpublished`: messages that wait for the cluster. */
  closing (clock: Clock, health: () => BrokerHealth, unpublished: number): void {
    this.#closingSince = clock.elapsed()
    if (!isEnabled(this.#log, 'info')) return
    const { name: broker, drainTimeout: timeout } = this.#settings
    const busy = health().subscribers.filter(({ inFlight }) => inFlight > 0)
    const inFlight = busy.map(({ name, groupId, inFlight }) => ({ subscriber: name, groupId, messages: inFlight }))
    const what = inFlight.length > 0 ? 'closing: waits for running handlers' : 'closing: no handler runs'
    this.#log.info({ broker, inFlight, unpublished, timeout }, what)
  }

  closed (clock: Clock): void {
    if (this.#closingSince === undefined) return
    const duration = Math.round(clock.elapsed() - this.#closingSince)
    this.#log.info({ broker: this.#settings.name, duration }, 'closed')
  }
}
