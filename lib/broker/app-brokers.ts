import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_ALREADY_REGISTERED, FASTSTREAM_ERR_COPIES } from '../errors.js'
import { perApp } from '../scope.js'
import type { Broker } from './broker.js'
import { kInspected } from '../symbols.js'
import { SYSTEM, type Environment } from './environment.js'

/** All brokers of one app, of every scope. */
export interface AppBrokers {
  readonly byName: Map<string, Broker>
  environment: Environment
}

let environment = SYSTEM

/**
 * Gives the brokers of all apps that are made later another environment: the command line does so. One in which apps
 * are only looked at is shown to the other copies of this package in the process, which do not have it.
 */
export function useByDefault (given: Environment): void {
  environment = given
  Reflect.set(globalThis, kInspected, given.isInspected === true ? given : undefined)
}

export const brokersOf = perApp<AppBrokers>(() => ({ byName: new Map(), environment }))

/** Topics that the brokers of an app have declared to write. */
export function writtenTopicsOf (app: FastifyInstance): readonly string[] {
  return [...brokersOf(app).byName.values()].flatMap(({ registry }) => registry.writtenTopics)
}

/** @throws FASTSTREAM_ERR_ALREADY_REGISTERED, FASTSTREAM_ERR_COPIES */
export function addBroker (app: FastifyInstance, broker: Broker): void {
  const inspecting: unknown = Reflect.get(globalThis, kInspected)
  // An app that does not know that it is only looked at would join its groups.
  if (inspecting !== undefined && inspecting !== environment) throw new FASTSTREAM_ERR_COPIES()
  const { byName } = brokersOf(app)
  if (byName.has(broker.name)) throw new FASTSTREAM_ERR_ALREADY_REGISTERED(broker.name)
  byName.set(broker.name, broker)
}
