import { inspect } from 'node:util'
import type { Dependency, PublishOptions, RecordMetadata } from '../../types/index.js'
import { PublisherHandle } from '../broker/handles.js'
import { NO_LAYERS } from '../broker/layers.js'
import { plainPublisher } from '../broker/publisher.js'
import { callable, noSurplus, onlyKnown } from '../options/assert.js'
import { send } from '../message/outgoing.js'
import { inspected, type InspectStyle } from '../shown.js'
import type { TestBroker } from './api.js'
import { backgroundOf } from './background.js'
import type { TestTask } from './background-types.js'
import type { Budget } from './budget.js'
import { assertCoverage, coverageOf } from './coverage.js'
import type { MessageCoverage } from './coverage-types.js'
import type { ActiveFault, Fault } from './fault-types.js'
import type { Faults } from './faults.js'
import type { Replacements } from './handler-calls.js'
import { mustBeUsed, replace } from './overrides.js'
import type { PublishedRecord } from './published.js'
import { Readers } from './readers.js'
import type { Recorder } from './recorder.js'
import { compareRedelivered } from './redelivery.js'
import type { TrackedSession } from './session-types.js'
import { track, type SessionMeans } from './sessions.js'
import { Spies, type AnyExpectedCall } from './spies.js'
import type { Tested } from './targets.js'
import type { ExpectedPublish, Fake, HandlerCall, HandlerSpy, TestFailure } from './types.js'
import type { TestCluster } from './test-cluster.js'
import type { TestTime } from './test-time.js'
import type { Tracking } from './tracking.js'

/** Parts of a test broker. */
export interface TestedMeans {
  readonly cluster: TestCluster
  readonly recorder: Recorder
  readonly tracking: Tracking
  readonly replacements: Replacements
  readonly time: TestTime
  readonly faults: Faults
  readonly budget: Budget
}

export class TestedBroker implements TestBroker {
  readonly #tested: Tested
  readonly #cluster: TestCluster
  readonly #recorder: Recorder
  readonly #spies: Spies
  readonly #sessions: SessionMeans
  readonly #faults: Faults
  readonly #budget: Budget
  readonly clock: TestTime

  constructor (tested: Tested, { cluster, recorder, tracking, replacements, time, faults, budget }: TestedMeans) {
    this.clock = time
    this.#budget = budget
    this.#faults = faults
    this.#tested = tested
    this.#cluster = cluster
    this.#recorder = recorder
    this.#spies = new Spies(tested, recorder, replacements, { time, budget })
    this.#sessions = { recorder, tracking, spies: this.#spies, time, readers: new Readers(tested.brokers) }
  }

  get errors (): readonly TestFailure[] {
    for (const delivery of this.#recorder.deliveries) delivery.isAsserted = true
    return this.#recorder.failures
  }

  publish = async (
    target: unknown, value: unknown, options?: PublishOptions, ...surplus: unknown[]
  ): Promise<RecordMetadata> => {
    noSurplus('publish(publisher, value, options)', surplus)
    const { apps: [app], brokers: [broker] } = this.#tested
    if (typeof target === 'string') {
      return await send(plainPublisher(broker, app, target).prepare(value, options), options)
    }
    // The router of a publisher may be included in other apps, too.
    const position = { scope: app, layers: NO_LAYERS }
    const { source, declaration } = PublisherHandle.placeOf(PublisherHandle.of(target), position, broker)
    return await send(source.publisherOf(declaration).prepare(value, options), options)
  }

  published = (topic: string, ...surplus: unknown[]): PublishedRecord[] => {
    noSurplus('published(topic)', surplus)
    return this.#spies.published(this.#spies.topicOf(topic))
  }

  settled = async (options: { timeout?: number | undefined } = {}, ...surplus: unknown[]): Promise<void> => {
    noSurplus('settled(options)', surplus)
    onlyKnown('', options, ['timeout'])
    const timeout = this.#budget.of(options.timeout)
    const producers = this.#tested.brokers.map(({ producer }) => producer)
    await this.clock.during(this.#cluster.settled(producers, this.#sessions.readers, timeout))
  }

  track = async <R>(
    call: () => R, options: { timeout?: number | undefined } = {}, ...surplus: unknown[]
  ): Promise<TrackedSession<Awaited<R>>> => {
    noSurplus('track(call, options)', surplus)
    callable('call', call, 'must be a function: track(() => app.inject({ method, url, payload }))')
    onlyKnown('', options, ['timeout'])
    return await track(call, this.#budget.of(options.timeout), this.#sessions)
  }

  override = <T>(dependency: Dependency<T>, fake: Fake<T>, ...surplus: unknown[]): void => {
    noSurplus('override(dependency, fake)', surplus)
    const { apps } = this.#tested
    mustBeUsed(apps, replace(apps, dependency, fake))
  }

  handler = <V>(subscriber: unknown, ...surplus: unknown[]): HandlerSpy<V> => {
    noSurplus('handler(subscriber)', surplus)
    return this.#spies.handler(subscriber) as HandlerSpy<V>
  }

  assertPublished = (
    target: unknown, expected?: ExpectedPublish<unknown>, ...surplus: unknown[]
  ): PublishedRecord => {
    noSurplus('assertPublished(publisher, expected)', surplus)
    return this.#spies.assertPublished(target, expected)
  }

  assertNothingPublished = (target?: unknown, ...surplus: unknown[]): void => {
    noSurplus('assertNothingPublished(publisher)', surplus)
    this.#spies.assertNothingPublished(target)
  }

  assertHandled = <V>(
    subscriber: unknown, expected?: AnyExpectedCall, ...surplus: unknown[]
  ): HandlerCall<V> => {
    noSurplus('assertHandled(subscriber, expected)', surplus)
    return this.#spies.assertHandled(subscriber, expected) as HandlerCall<V>
  }

  eventually = async <T>(
    assertion: () => T, options: { timeout?: number | undefined } = {}, ...surplus: unknown[]
  ): Promise<T> => {
    noSurplus('eventually(assertion, options)', surplus)
    onlyKnown('', options, ['timeout'])
    return await this.#spies.eventually(assertion, options.timeout)
  }

  background = (name: string, ...surplus: unknown[]): TestTask => {
    noSurplus('background(name)', surplus)
    return backgroundOf(this.#tested, name)
  }

  fault = (fault: Fault, ...surplus: unknown[]): ActiveFault => {
    noSurplus('fault(fault)', surplus)
    return this.#faults.declare(fault)
  }

  redeliverEverything = async (call: () => unknown, ...surplus: unknown[]): Promise<void> => {
    noSurplus('redeliverEverything(call)', surplus)
    await compareRedelivered(() => this.track(call), this.#faults, this.#recorder)
  }

  coverage = (...surplus: unknown[]): MessageCoverage => {
    noSurplus('coverage()', surplus)
    return coverageOf(this.#tested, this.#recorder)
  }

  assertCoverage = (least: number, ...surplus: unknown[]): void => {
    noSurplus('assertCoverage(least)', surplus)
    assertCoverage(this.coverage(), least)
  }

  close = async (): Promise<void> => {
    await Promise.all(this.#tested.apps.map(async (app) => { await app.close() }))
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.close()
  }

  toJSON (): object {
    return { brokers: this.#tested.brokers.map(({ name }) => name), errors: this.#recorder.failures.length }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('TestBroker', this.toJSON(), depth, options, inspectWith)
  }
}
