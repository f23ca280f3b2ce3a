import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_ALREADY_REGISTERED } from '../errors.js'
import { perApp } from '../scope.js'
import type { Broker } from './broker.js'
import { SYSTEM, type Environment } from './environment.js'

/** All brokers of one app, of every scope. */
export interface AppBrokers {
  readonly byName: Map<string, Broker>
  environment: Environment
}

let environment = SYSTEM

/** Gives the brokers of all apps that are made later another environment: the command line does so. */
export function useByDefault (given: Environment): void {
  environment = given
}

export const brokersOf = perApp<AppBrokers>(() => ({ byName: new Map(), environment }))

/** Topics that the brokers of an app have declared to write. */
export function writtenTopicsOf (app: FastifyInstance): readonly string[] {
  return [...brokersOf(app).byName.values()].flatMap(({ registry }) => registry.writtenTopics)
}

export function addBroker (app: FastifyInstance, broker: Broker): void {
  const { byName } = brokersOf(app)
  if (byName.has(broker.name)) throw new FASTSTREAM_ERR_ALREADY_REGISTERED(broker.name)
  byName.set(broker.name, broker)
}
