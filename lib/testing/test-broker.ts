import { inspect, type InspectOptionsStylized } from 'node:util'
import type { FastifyInstance } from 'fastify'
import type { Dependency, DependencyFactory, Publisher, PublishOptions, RecordMetadata } from '../../types/index.js'
import { brokersOf, type AppBrokers } from '../broker/app-brokers.js'
import type { Broker } from '../broker/broker.js'
import { PublisherHandle } from '../broker/handles.js'
import { NO_LAYERS } from '../broker/layers.js'
import { plainPublisher } from '../broker/publisher.js'
import { list, noSurplus, number, onlyKnown } from '../options/assert.js'
import { LONGEST_TIMER } from '../clock.js'
import type { Environment } from '../broker/environment.js'
import type { Stage } from '../consume/pipeline/dead-letter.js'
import { DeclaredDependency } from '../deps/dependency.js'
import { overridesOf } from '../deps/overrides.js'
import { isUsed } from '../deps/scopes.js'
import {
  FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_TEST_BROKER,
  FASTSTREAM_ERR_UNKNOWN_TOPIC
} from '../errors.js'
import { send } from '../message/outgoing.js'
import { remember } from '../observe/observe.js'
import { inspected } from '../shown.js'
import { createMemoryCluster, createMemoryTransport, type MemoryCluster } from '../transport/memory/index.js'
import { decodePublished, type PublishedRecord } from './published.js'
import { settled } from './settled.js'

export type { PublishedRecord }

const TEST_BROKER = 'testBroker(app, options)'

/**
 * Failed attempt to handle a message, with the place of that message.
 *
 * @example
 * t.match(broker.errors, [{ topic: 'orders', stage: 'validate', error: { code: 'FASTSTREAM_ERR_VALIDATION' } }])
 */
export interface TestFailure extends RecordMetadata {
  /** Step that failed. After `'handler'` there is another attempt; all others end in the dead-letter topic. */
  readonly stage: Stage
  /** Number of the attempt: 1, then one more with each retry. */
  readonly attempt: number
  readonly error: Error
}

/**
 * Replacement of a dependency: another dependency, or a factory.
 *
 * @example
 * const fake: Fake<Orders> = () => new OrdersInMemory()
 */
export type Fake<T> = Dependency<T> | DependencyFactory<{}, T>

/**
 * Pairs of a dependency and its replacement.
 *
 * @example
 * const overrides: Overrides<[typeof orders]> = [[orders, () => new OrdersInMemory()]]
 */
export type Overrides<D extends ReadonlyArray<Dependency<unknown>>> = {
  readonly [K in keyof D]: readonly [D[K], D[K] extends Dependency<infer T> ? Fake<T> : never]
}

/**
 * Brokers of an app, in memory. Made by {@link testBroker}.
 *
 * @example
 * await broker.publish('orders', { id: '1', total: 9 })
 * await broker.settled()
 * t.same(broker.errors, [])
 */
export interface TestBroker {
  /**
   * Publishes as another program would. To a topic nothing is checked, so that a test can send wrong messages;
   * through a publisher its schema is checked. `null` is a tombstone.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION when an option is unknown or impossible
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC when the app declares no such topic
   * @example
   * await broker.publish('orders', { id: '1', total: 9 }, { key: '1' })
   */
  publish<V>(
    this: void, publisher: Publisher<V>, value: NoInfer<V> | null, options?: PublishOptions
  ): Promise<RecordMetadata>
  publish (this: void, topic: string, value: unknown, options?: PublishOptions): Promise<RecordMetadata>
  /**
   * Returns all records of a topic, oldest first, decoded by their content types.
   *
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC when the app declares no such topic
   * @example
   * t.match(broker.published('invoices'), [{ key: '1', value: { orderId: '1', amount: 9 } }])
   */
  published (this: void, topic: string): PublishedRecord[]
  /**
   * Waits until every message, and every message that it caused, is settled.
   *
   * @param options.timeout ms, @default 5000
   * @throws FASTSTREAM_ERR_NOT_SETTLED after that time, naming what is not settled
   * @example
   * await broker.settled({ timeout: 20_000 })
   */
  settled (this: void, options?: { timeout?: number | undefined }): Promise<void>
  /**
   * Replaces a dependency in requests and messages that begin later, until the app closes.
   *
   * @throws FASTSTREAM_ERR_TEST_BROKER when no route or subscriber of the app uses it
   * @example
   * broker.override(orders, () => new OrdersInMemory())
   */
  override<T>(this: void, dependency: Dependency<T>, fake: Fake<NoInfer<T>>): void
  /** Failed attempts, oldest first: decoding, validation, handlers, publishing a result. */
  readonly errors: readonly TestFailure[]
}

/**
 * Puts all brokers of an app on ONE in-memory cluster, whatever their options say, and makes the app ready. No Kafka
 * is needed. Groups of the same name on two brokers share the partitions there. Retries do not wait.
 *
 * @param options.overrides dependencies and their replacements
 * @throws FASTSTREAM_ERR_TEST_BROKER for an app that is ready or has no broker, and for an override of a dependency
 *   that nothing uses
 * @example
 * const broker = await testBroker(app)
 * await app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9 } })
 * await broker.settled()
 * t.match(broker.published('invoices'), [{ key: '1', value: { orderId: '1', amount: 9 } }])
 */
export async function testBroker<const D extends ReadonlyArray<Dependency<unknown>> = []> (
  app: FastifyInstance, options: { overrides?: Overrides<D> } = {}
): Promise<TestBroker> {
  noSurplus(TEST_BROKER, arguments, 2)
  if (!('server' in Object(app))) {
    throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(TEST_BROKER, 'app must be a Fastify instance, and no promise of one')
  }
  onlyKnown('', options, ['overrides'])
  const { overrides = [] } = options
  list('overrides', overrides)
  const brokers = brokersOf(app)
  for (const broker of brokers.byName.values()) {
    if (!broker.loading) {
      const reason = 'the app is ready: call testBroker(app) before ready(), listen() or inject()'
      throw new FASTSTREAM_ERR_TEST_BROKER(reason)
    }
  }
  const cluster = createMemoryCluster()
  const errors: TestFailure[] = []
  brokers.environment = {
    ...brokers.environment,
    createTransport: async () => createMemoryTransport({ cluster }),
    options: HURRIED,
    listen: ({ failed }, broker) => {
      remember(broker)
      failed.on(({ topic, partition, offset, attempt, stage, error }) => {
        errors.push({ topic, partition, offset, attempt, stage, error })
      })
    }
  }
  for (const [dependency, fake] of overrides) replace(app, dependency, fake)
  await app.ready()
  for (const dependency of overridesOf(app).keys()) mustBeUsed(app, dependency)
  if (brokers.byName.size === 0) {
    throw new FASTSTREAM_ERR_TEST_BROKER('the app has no broker: register fastify-faststream on it')
  }
  return new MemoryTestBroker(app, brokers, cluster, errors)
}

/** A test waits for no retry and for no commit, and its topics always exist. */
const HURRIED: Environment['options'] = {
  startup: 'strict',
  topics: 'create',
  commit: { interval: 0, count: 1 },
  retry: { delay: 0 }
}

class MemoryTestBroker implements TestBroker {
  readonly errors: readonly TestFailure[]
  readonly #app: FastifyInstance
  readonly #brokers: readonly Broker[]
  readonly #cluster: MemoryCluster

  constructor (app: FastifyInstance, brokers: AppBrokers, cluster: MemoryCluster, errors: readonly TestFailure[]) {
    this.#app = app
    this.#brokers = [...brokers.byName.values()]
    this.#cluster = cluster
    this.errors = errors
  }

  publish = async (
    target: string | Publisher, value: unknown, options?: PublishOptions, ...surplus: unknown[]
  ): Promise<RecordMetadata> => {
    noSurplus('publish(publisher, value, options)', surplus)
    const [broker] = this.#brokers as [Broker]
    if (typeof target === 'string') {
      return await send(plainPublisher(broker, this.#app, target).prepare(value, options), options)
    }
    // The router of a publisher may be included in other apps, too.
    const position = { scope: this.#app, layers: NO_LAYERS }
    const { source, declaration } = PublisherHandle.placeOf(PublisherHandle.of(target), position, broker)
    return await send(source.publisherOf(declaration).prepare(value, options), options)
  }

  published = (topic: string, ...surplus: unknown[]): PublishedRecord[] => {
    noSurplus('published(topic)', surplus)
    if (this.#cluster.partitions(topic).length === 0) throw new FASTSTREAM_ERR_UNKNOWN_TOPIC(topic)
    return this.#cluster.records(topic).map((record) => decodePublished(topic, record))
  }

  settled = async (options: { timeout?: number | undefined } = {}, ...surplus: unknown[]): Promise<void> => {
    noSurplus('settled(options)', surplus)
    onlyKnown('', options, ['timeout'])
    const timeout = number('timeout', options.timeout ?? 5000, 0, LONGEST_TIMER)
    await settled(this.#cluster, this.#brokers.map(({ producer }) => producer), timeout)
  }

  override = <T>(dependency: Dependency<T>, fake: Fake<T>, ...surplus: unknown[]): void => {
    noSurplus('override(dependency, fake)', surplus)
    mustBeUsed(this.#app, replace(this.#app, dependency, fake))
  }

  toJSON (): object {
    return { brokers: this.#brokers.map(({ name }) => name), errors: this.errors.length }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('TestBroker', this.toJSON(), depth, options, inspectWith)
  }
}

/** Returns what is replaced. */
function replace (app: FastifyInstance, replaced: unknown, fake: unknown): DeclaredDependency {
  if (!(replaced instanceof DeclaredDependency)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('override', 'must name what dependency() returned')
  }
  if (fake instanceof DeclaredDependency && fake.isOrNeeds(replaced)) {
    throw new FASTSTREAM_ERR_TEST_BROKER(`what stands in for the dependency '${replaced.name}' needs it`)
  }
  const replacement = fake instanceof DeclaredDependency
    ? fake
    : new DeclaredDependency(replaced.name, {}, fake)
  overridesOf(app).set(replaced, replacement)
  return replaced
}

function mustBeUsed (app: FastifyInstance, dependency: DeclaredDependency): void {
  if (!isUsed(app, dependency)) {
    const reason = `no route and no subscriber uses the dependency '${dependency.name}' that is overridden`
    throw new FASTSTREAM_ERR_TEST_BROKER(reason)
  }
}
