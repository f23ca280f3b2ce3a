import { brokersOf } from '../broker/app-brokers.js'
import { noSurplus, onlyKnown } from '../options/assert.js'
import type { TestAssertions } from './api.js'
import { Budget } from './budget.js'
import { recordedHandlers, type Replacements } from './handler-calls.js'
import { Recorder } from './recorder.js'
import { Spies, type AnyExpectedCall } from './spies.js'
import { brokersOfAll, checkedApps } from './test-broker.js'
import { TestTime } from './test-time.js'
import type { HandlerCall, HandlerSpy, TestedApps } from './types.js'

/**
 * Spies of the handlers of an app. Made by {@link createMocks}.
 *
 * @example
 * const [{ value }] = await mocks.handler(onOrder).called()
 */
export type TestMocks = Pick<TestAssertions, 'handler' | 'assertHandled' | 'eventually'>

/**
 * Makes spies of all handlers of an app or several, on whatever cluster they use. Call it before the app is ready.
 * FastKafka: `create_mocks`.
 *
 * @throws FASTSTREAM_ERR_TEST_BROKER for an app that is ready
 * @example
 * const mocks = createMocks(app)
 * await app.ready()
 * await mocks.handler(onOrder).called({ with: { value: { id: '1' } } })
 */
export function createMocks (app: TestedApps, ...surplus: unknown[]): TestMocks {
  noSurplus('createMocks(app)', surplus)
  const apps = checkedApps(app)
  const recorder = new Recorder()
  const replacements: Replacements = new Map()
  const means = { time: new TestTime(), budget: new Budget(undefined) }
  const handlerOf = recordedHandlers(recorder, replacements)
  for (const app of apps) {
    const brokers = brokersOf(app)
    brokers.environment = { ...brokers.environment, handlerOf }
  }
  const spies = (): Spies => new Spies({ apps, brokers: brokersOfAll(apps) }, recorder, replacements, means)
  return {
    handler: <V>(subscriber: unknown, ...surplus: unknown[]) => {
      noSurplus('handler(subscriber)', surplus)
      return spies().handler(subscriber) as HandlerSpy<V>
    },
    assertHandled: <V>(subscriber: unknown, expected?: AnyExpectedCall, ...surplus: unknown[]) => {
      noSurplus('assertHandled(subscriber, expected)', surplus)
      return spies().assertHandled(subscriber, expected) as HandlerCall<V>
    },
    eventually: async (assertion, options = {}, ...surplus: unknown[]) => {
      noSurplus('eventually(assertion, options)', surplus)
      onlyKnown('', options, ['timeout'])
      return await spies().eventually(assertion, options.timeout)
    }
  }
}
