import type { FastifyInstance } from 'fastify'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import type { Environment } from '../../lib/broker/environment.js'

/** Gives the brokers of an app another clock, transport or options before it is ready. */
export function useEnvironment (app: FastifyInstance, environment: Partial<Environment>): void {
  Object.assign(brokersOf(app), { environment: { ...brokersOf(app).environment, ...environment } })
}
