import type { FastifyInstance } from 'fastify'
import type { Dependency } from '../../types/index.js'
import { brokersOf } from '../broker/app-brokers.js'
import type { Environment } from '../broker/environment.js'
import { checkBrokers } from '../options/connection.js'
import { list, noSurplus, oneOf, onlyKnown, yesOrNo } from '../options/assert.js'
import { overridesOf } from '../deps/overrides.js'
import {
  FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_TEST_BROKER
} from '../errors.js'
import { remember } from '../observe/observe.js'
import type { TestBroker } from './api.js'
import { Budget } from './budget.js'
import { onceClosed } from './closing.js'
import { coverageOf } from './coverage.js'
import { Faults } from './faults.js'
import { recordedHandlers, type Replacements } from './handler-calls.js'
import { mustBeUsed, replace } from './overrides.js'
import { Readers } from './readers.js'
import { Recorder } from './recorder.js'
import { recordingTransport } from './recording-transport.js'
import { keepForRun } from './run-coverage.js'
import { tableOfAll } from './state-table.js'
import type { Tested } from './targets.js'
import { TestedBroker } from './tested-broker.js'
import { kafkaTestCluster, memoryTestCluster } from './test-cluster.js'
import { CLOCKS, TestTime } from './test-time.js'
import { Tracking } from './tracking.js'
import type { TestBrokerOptions, TestedApps } from './types.js'
import { checkAsserted } from './unasserted.js'

const OPTIONS = ['overrides', 'allowFailures', 'clock', 'background', 'transport', 'brokers', 'timeout']
const TEST_BROKER = 'testBroker(app, options)'

/**
 * Puts all brokers of an app on ONE in-memory cluster, whatever their options say, and makes the app ready. No Kafka
 * is needed, but one may be used (`transport`). A list of apps shares that cluster: they exchange messages. Groups of
 * the same name on two brokers share the partitions there. Retries do not wait. FastStream: `TestKafkaBroker`;
 * FastKafka: `Tester`.
 *
 * @throws FASTSTREAM_ERR_TEST_BROKER for an app that is ready or has no broker, and for an override of a dependency
 *   that nothing uses
 * @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_ARGUMENTS
 * @example
 * const broker = await testBroker(app)
 * await app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9 } })
 * await broker.settled()
 * broker.assertPublished(invoices, { key: '1', value: { orderId: '1', amount: 9 } })
 */
export async function testBroker<const D extends ReadonlyArray<Dependency<unknown>> = []> (
  app: TestedApps, options: TestBrokerOptions<D> = {}
): Promise<TestBroker> {
  noSurplus(TEST_BROKER, arguments, 2)
  const apps = checkedApps(app)
  onlyKnown('', options, OPTIONS)
  const { overrides = [], allowFailures = failuresAllowed(), clock = 'system', background = 'automatic' } = options
  const brokers = testBrokers(options)
  const { transport = brokers === undefined ? 'memory' : 'kafkajs' } = options
  list('overrides', overrides)
  yesOrNo('allowFailures', allowFailures)
  oneOf('clock', clock, CLOCKS)
  oneOf('background', background, STARTS)
  oneOf('transport', transport, TRANSPORTS)
  if (transport !== 'memory' && clock === 'manual') {
    throw new FASTSTREAM_ERR_INVALID_OPTION('clock', "must be 'system' on a real Kafka, whose time cannot be moved")
  }
  const budget = new Budget(options.timeout)
  const recorder = new Recorder()
  const isBusy = (): boolean => recorder.running > 0 || brokersOfAll(apps).some(({ producer }) => producer.pending > 0)
  const onChange = (listener: () => void): (() => void) => {
    const stops = [recorder.onChange(listener), cluster.onChange(listener)]
    return () => { for (const stop of stops) stop() }
  }
  const time = new TestTime(transport === 'memory' ? clock : 'system', { onChange, isBusy })
  const tracking = new Tracking(recorder)
  const faults = new Faults(time.clock)
  const cluster = transport === 'memory'
    ? memoryTestCluster(time.clock, recorder, faults)
    : kafkaTestCluster(recorder, faults, brokers)
  const replacements: Replacements = new Map()
  const environmentOf = (app: FastifyInstance): Partial<Environment> => ({
    clock: time.clock,
    createTransport: async (...args) => recordingTransport(await cluster.transportsOf(app)(...args), recorder),
    options: time.isVirtual ? AT_ONCE : HURRIED,
    hasManualTasks: background === 'manual',
    listen: (events, broker) => {
      remember(broker)
      recorder.listen(events)
      tracking.listen(events)
    },
    handlerOf: recordedHandlers(recorder, replacements, faults)
  })
  const readers = (): Readers => new Readers(brokersOfAll(apps))
  const open = new Set(apps)
  for (const app of apps) {
    const brokers = brokersOf(app)
    brokers.environment = { ...brokers.environment, ...environmentOf(app) }
    onceClosed(app, {
      bound: (closing) => budget.bound(() => `an app does not close\n${tableOfAll(recorder, readers())}\n`, closing),
      begin: () => { time.release() },
      release: async () => {
        if (!open.delete(app) || open.size > 0) return
        tracking.stop()
        keepForRun(() => coverageOf({ apps, brokers: brokersOfAll(apps) }, recorder))
        await cluster.close()
      },
      check: () => { if (!allowFailures) checkAsserted(recorder) }
    })
  }
  for (const [dependency, fake] of overrides) replace(apps, dependency, fake)
  await budget.bound(() => 'the apps are not ready', Promise.all(apps.map(async (app) => { await app.ready() })))
  for (const dependency of apps.flatMap((app) => [...overridesOf(app).keys()])) mustBeUsed(apps, dependency)
  const means = { cluster, recorder, tracking, replacements, time, faults, budget }
  return new TestedBroker({ apps, brokers: brokersOfAll(apps) }, means)
}

/** For tests of a whole project. */
function failuresAllowed (): boolean {
  return Boolean(process.env.FASTSTREAM_TEST_ALLOW_FAILURES)
}

/** Starts of background tasks that a test can choose. */
const STARTS = ['automatic', 'manual'] as const
/** Clusters that a test can choose. */
const TRANSPORTS = ['memory', 'kafkajs'] as const

/** Addresses of the cluster of a test: the same test runs on a real Kafka when its environment names one. */
function testBrokers ({ brokers, transport }: TestBrokerOptions): readonly string[] | undefined {
  const { FASTSTREAM_TEST_BROKERS: ofEnvironment } = process.env
  if (brokers === undefined) return ofEnvironment ? checkBrokers('FASTSTREAM_TEST_BROKERS', ofEnvironment) : undefined
  if (transport === 'memory') {
    throw new FASTSTREAM_ERR_INVALID_OPTION('brokers', "must be left out with transport 'memory', which uses none")
  }
  return checkBrokers('brokers', brokers)
}

/** A test waits for no commit, and its topics always exist. */
const AT_ONCE: Environment['options'] = { startup: 'strict', topics: 'create', commit: { interval: 0, count: 1 } }

/** Where real time passes, a test waits for no retry either. */
const HURRIED: Environment['options'] = { ...AT_ONCE, retry: { delay: 0 } }

/** @throws FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_TEST_BROKER */
export function checkedApps (given: TestedApps): Tested['apps'] {
  const apps = [given].flat()
  for (const app of apps) {
    if (!('server' in Object(app))) {
      throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(TEST_BROKER, 'app must be a Fastify instance, and no promise of one')
    }
    for (const broker of brokersOf(app).byName.values()) {
      if (!broker.loading) {
        const reason = 'the app is ready: call testBroker(app) before ready(), listen() or inject()'
        throw new FASTSTREAM_ERR_TEST_BROKER(reason)
      }
    }
  }
  const [first, ...others] = apps
  if (first === undefined) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(TEST_BROKER, 'app must be one app at least')
  return [first, ...others]
}

/** The brokers of apps that are ready. @throws FASTSTREAM_ERR_TEST_BROKER */
export function brokersOfAll (apps: readonly FastifyInstance[]): Tested['brokers'] {
  const brokers = apps.map((app) => [...brokersOf(app).byName.values()])
  const [first, ...others] = brokers.flat()
  if (first === undefined || brokers.some(({ length }) => length === 0)) {
    throw new FASTSTREAM_ERR_TEST_BROKER('the app has no broker: register fastify-faststream on it')
  }
  return [first, ...others]
}
