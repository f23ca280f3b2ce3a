import type { FastifyInstance } from 'fastify'
import type { Failure } from '../consume/pipeline/dead-letter.js'
import type { Delivery } from '../consume/pipeline/subscriber-plan.js'
import type { DeclaredDependency } from '../deps/dependency.js'
import { FASTSTREAM_ERR_ALREADY_REGISTERED } from '../errors.js'
import type { Transport } from '../transport/transport.js'
import type { Broker } from './broker.js'

/** How a test runs the brokers of an app, whatever their options say. */
export interface TestSetup {
  /** Retries do not wait, and commits are made at once. */
  readonly hurried: boolean
  readonly transport: () => Transport
  readonly onFailure: (delivery: Delivery, failure: Failure) => void
}

/** All brokers of one app, in whichever scopes they were registered. */
export interface AppBrokers {
  readonly byName: Map<string, Broker>
  test: TestSetup | undefined
  /** What stands in for dependencies, in tests. */
  readonly overrides: Map<DeclaredDependency, DeclaredDependency>
}

// The HTTP server is the one public thing that all scopes of an app share.
const apps = new WeakMap<object, AppBrokers>()

export function brokersOf (app: FastifyInstance): AppBrokers {
  let brokers = apps.get(app.server)
  if (brokers === undefined) apps.set(app.server, brokers = { byName: new Map(), test: undefined, overrides: new Map() })
  return brokers
}

export function addBroker (app: FastifyInstance, broker: Broker): void {
  const { byName } = brokersOf(app)
  if (byName.has(broker.name)) throw new FASTSTREAM_ERR_ALREADY_REGISTERED(broker.name)
  byName.set(broker.name, broker)
}
