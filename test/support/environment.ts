import type { FastifyInstance } from 'fastify'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import type { Environment as AppEnvironment } from '../../lib/broker/environment.js'
import type { Clock } from '../../lib/clock.js'
import type { Environment } from '../../lib/consume/environment.js'
import { Events } from '../../lib/events.js'
import type { Log } from '../../lib/log.js'
import { logLines } from './log-lines.js'

/** The broker that the events of {@link environmentOf} name. */
export const BROKER = { broker: 'default', brokerId: 'id' } as const

/** What the parts of one broker share, with events that a test may listen to. */
export function environmentOf (clock: Clock, log: Log = logLines()): Environment {
  return { clock, log, events: new Events('default', log, BROKER.brokerId) }
}

/** Gives the brokers of an app another clock, transport or options before it is ready. */
export function useEnvironment (app: FastifyInstance, environment: Partial<AppEnvironment>): void {
  Object.assign(brokersOf(app), { environment: { ...brokersOf(app).environment, ...environment } })
}
