import type { FaststreamOptions } from '../../types/index.js'
import { systemClock, type Clock } from '../clock.js'
import type { Events } from '../events.js'
import type { Log } from '../log.js'
import type { Settings } from '../options/plugin-options.js'
import { createTransport } from '../transport/create.js'
import type { Transport } from '../transport/transport.js'
import type { Broker } from './broker.js'
import type { Handler, SubscriberDeclaration } from './declaration.js'

/** Clock, transport and handlers that the brokers of an app use. A test gives its own. */
export interface Environment {
  readonly clock: Clock
  readonly createTransport: (settings: Settings, log: Log) => Promise<Transport>
  /** Options that win over those of the plugin and of its subscribers. */
  readonly options: Pick<FaststreamOptions, 'startup' | 'topics' | 'commit' | 'retry'>
  /** True: the app is only looked at. No subscriber reads, and no function of the lifecycle runs. */
  readonly isInspected?: boolean
  /** True: background tasks are started by a test, and not when messages flow. */
  readonly hasManualTasks?: boolean
  /** Called once per broker, before it starts. */
  readonly listen: (events: Events, broker: Broker) => void
  /** Returns what runs as the handler of a subscriber. Asked once, when the subscriber is compiled. */
  readonly handlerOf: (declaration: SubscriberDeclaration) => Handler
}

export const SYSTEM: Environment = Object.freeze({
  clock: systemClock,
  createTransport,
  options: {},
  listen: () => {},
  handlerOf: ({ handler }: SubscriberDeclaration) => handler
})

/** The settings of the plugin, with the options of the environment over them. */
export function withOptions (settings: Settings, options: Environment['options']): Settings {
  const { topics = settings.topics, commit } = options
  return { ...settings, topics, commit: { ...settings.commit, ...commit } }
}
