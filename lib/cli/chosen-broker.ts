import type { FastifyInstance } from 'fastify'
import { brokersOf } from '../broker/app-brokers.js'
import type { Broker } from '../broker/broker.js'
import { textOf, type Command, type Values } from './command.js'
import { UsageError } from './usage-error.js'

/** The option that names one of several brokers. */
export const BROKER: Command['options'] = { broker: { type: 'string' } }

export const BROKER_HELP = '  --broker billing           the name of the broker, of an app that has several'

/**
 * The broker that a command is about. Of several none is taken by itself: its cluster could be the wrong one.
 *
 * @throws UsageError
 */
export function chosenBroker (app: FastifyInstance, values: Values): Broker {
  const brokers = [...brokersOf(app).byName.values()]
  const names = brokers.map((each) => each.name).join(', ')
  const name = textOf(values, 'broker')
  if (name === undefined && brokers.length > 1) throw new UsageError(`name the broker: --broker, one of ${names}`)
  const broker = name === undefined ? brokers[0] : brokers.find((each) => each.name === name)
  if (broker === undefined) throw new UsageError(`the app has no broker '${name}': there is ${names}`)
  return broker
}
