import type { Publisher } from '../../types/index.js'
import type { SubscriberDeclaration } from '../broker/declaration.js'
import { PublisherHandle } from '../broker/handles.js'
import { FASTSTREAM_ERR_UNKNOWN_TOPIC } from '../errors.js'
import { callable, integer, noSurplus, onlyKnown } from '../options/assert.js'
import { candidateLines, assertionError, type Candidate } from './assertion-text.js'
import type { Budget } from './budget.js'
import { differences, shown } from './expected.js'
import type { RecordedCall, Replacements } from './handler-calls.js'
import type { PublishedRecord } from './published.js'
import { placeOf } from './recorded.js'
import type { Recorder } from './recorder.js'
import { declarationsOf, nameOf, type Tested } from './targets.js'
import type { TestTime } from './test-time.js'
import type { ExpectedCall, ExpectedPublish, HandlerCall, HandlerSpy } from './types.js'
import { until } from './waiting.js'

/** Expectations of a call, whatever the type of its value. */
export type AnyExpectedCall = Pick<ExpectedCall<unknown>, 'times' | 'outcome'>

const PUBLISH_PARTS = ['value', 'key', 'headers', 'partition', 'correlationId', 'times']
const CALL_PARTS = [...PUBLISH_PARTS, 'attempt', 'outcome']

/** Views of the record of a test: spies of handlers, and assertions. */
export class Spies {
  readonly #tested: Tested
  readonly #recorder: Recorder
  readonly #replacements: Replacements
  readonly #time: TestTime
  readonly #budget: Budget

  constructor (
    tested: Tested, recorder: Recorder, replacements: Replacements, { time, budget }: { time: TestTime, budget: Budget }
  ) {
    this.#time = time
    this.#budget = budget
    this.#tested = tested
    this.#recorder = recorder
    this.#replacements = replacements
  }

  /** @throws FASTSTREAM_ERR_INVALID_OPTION */
  handler (subscriber: unknown): HandlerSpy {
    const declarations = declarationsOf(this.#tested.brokers, subscriber)
    const recorder = this.#recorder
    const replacements = this.#replacements
    const calls = (): RecordedCall[] => recorder.calls.filter((call) => call.isOf(declarations))
    return {
      get calls () { return calls() },
      called: async (options = {}, ...surplus: unknown[]) => {
        noSurplus('called(options)', surplus)
        onlyKnown('', options, ['times', 'with', 'timeout'])
        const { with: expected = {}, times = 1, timeout } = options
        integer('times', times, 1)
        return await this.eventually(() => {
          const { matching, candidates } = matchCalls(calls(), expected)
          const ended = matching.filter(({ outcome }) => outcome !== 'running')
          if (ended.length >= times) return ended
          throw failure(`${nameOf(declarations)} was not called ${counted(times)}`, expected, candidates)
        }, timeout)
      },
      replace: (replacement: (value: never, message: never) => unknown, ...surplus: unknown[]) => {
        noSurplus('replace(handler)', surplus)
        callable('handler', replacement, 'must be a function')
        for (const declaration of declarations) replacements.set(declaration, replacement)
      },
      restore: (...surplus: unknown[]) => {
        noSurplus('restore()', surplus)
        for (const declaration of declarations) replacements.delete(declaration)
      }
    }
  }

  /** @throws FASTSTREAM_ERR_ASSERTION */
  assertHandled (subscriber: unknown, expected: AnyExpectedCall = {}): HandlerCall {
    const declarations: readonly SubscriberDeclaration[] = declarationsOf(this.#tested.brokers, subscriber)
    onlyKnown('', expected, CALL_PARTS)
    const calls = this.#recorder.calls.filter((call) => call.isOf(declarations))
    const { matching, candidates } = matchCalls(calls, expected)
    const title = `${nameOf(declarations)} was not called ${counted(expected.times)}`
    if (expected.outcome === 'threw') this.#assert(matching)
    return theFirst(matching, expected.times, () => failure(title, expected, candidates))
  }

  /** @throws FASTSTREAM_ERR_ASSERTION, FASTSTREAM_ERR_UNKNOWN_TOPIC */
  assertPublished (target: unknown, expected: ExpectedPublish<unknown> = {}): PublishedRecord {
    const topic = this.topicOf(target)
    onlyKnown('', expected, PUBLISH_PARTS)
    const { times, ...parts } = expected
    const candidates = this.published(topic).map((record) => {
      const { key, value, headers, partition } = record
      const actual = { key, value, headers, partition, correlationId: headers.correlation_id }
      return { record, title: titleOf(record), differences: differencesOf(actual, parts) }
    })
    const matching = candidates.filter(({ differences }) => differences.length === 0).map(({ record }) => record)
    const title = `'${topic}' has no message that was published ${counted(times)}`
    return theFirst(matching, times, () => failure(title, expected, candidates))
  }

  /** @throws FASTSTREAM_ERR_ASSERTION, FASTSTREAM_ERR_UNKNOWN_TOPIC */
  assertNothingPublished (target: unknown): void {
    const topic = target === undefined ? undefined : this.topicOf(target)
    const published = topic === undefined ? this.#published() : this.published(topic)
    if (published.length === 0) return
    const where = topic === undefined ? '' : ` to '${topic}'`
    const candidates = published.map((record) => ({ title: titleOf(record), differences: [] }))
    throw assertionError([`${published.length} messages were published${where}:`, ...candidateLines(candidates)])
  }

  /** Resolves to what the assertion returns, once it does not throw. */
  async eventually<T> (assertion: () => T, timeout: number | undefined): Promise<T> {
    return await this.#time.during(until(this.#recorder, this.#budget.of(timeout), assertion))
  }

  /**
   * Says whether a call is one of a topic, of a subscriber or of a handler; undefined: of any.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_UNKNOWN_TOPIC
   */
  selectorOf (target: unknown): (call: RecordedCall) => boolean {
    if (target === undefined) return () => true
    if (typeof target === 'string') {
      const topic = this.topicOf(target)
      return (call) => call.topic === topic
    }
    const declarations = declarationsOf(this.#tested.brokers, target)
    return (call) => call.isOf(declarations)
  }

  /** The messages of a topic. Reading dead letters is an assertion of what has failed. */
  published (topic: string): PublishedRecord[] {
    for (const delivery of this.#recorder.deliveries) {
      if (delivery.deadLetterTopic === topic) delivery.isAsserted = true
    }
    return this.#published().filter((record) => record.topic === topic)
  }

  /** The test says that these calls have failed. */
  #assert (calls: readonly RecordedCall[]): void {
    for (const delivery of calls.flatMap((call) => this.#recorder.message(call).deliveries)) delivery.isAsserted = true
  }

  #published (): PublishedRecord[] {
    return this.#recorder.published.map(({ published }) => published).filter((record) => record !== undefined)
  }

  /** @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_UNKNOWN_TOPIC */
  topicOf (target: unknown): string {
    const topic = typeof target === 'string' ? target : topicOfHandle(PublisherHandle.of(target))
    const isDeclared = this.#tested.brokers.some(({ registry }) => registry.topics.includes(topic))
    // A topic that a pattern finds is declared by nothing else, and neither is its dead-letter topic.
    if (!isDeclared && !this.#recorder.published.some((message) => message.topic === topic)) {
      throw new FASTSTREAM_ERR_UNKNOWN_TOPIC(topic)
    }
    return topic
  }
}

function topicOfHandle ({ topic }: Pick<Publisher, 'topic'>): string {
  return topic
}

interface Matched {
  readonly matching: RecordedCall[]
  readonly candidates: readonly Candidate[]
}

function matchCalls (calls: readonly RecordedCall[], expected: AnyExpectedCall): Matched {
  onlyKnown('with.', expected, CALL_PARTS)
  const { times, ...parts } = expected
  const compared = calls.map((call) => ({ call, found: differencesOf(call, parts) }))
  return {
    matching: compared.filter(({ found }) => found.length === 0).map(({ call }) => call),
    candidates: compared.map(({ call, found }) => {
      const { attempt, outcome, value } = call
      const title = `${placeOf(call)}, attempt ${attempt} ${outcome}: ${shown(value)}`
      return { title, differences: found }
    })
  }
}

function differencesOf (actual: object, expected: object): string[] {
  return Object.entries(expected)
    .filter(([, part]) => part !== undefined)
    .flatMap(([name, part]) => differences(Reflect.get(actual, name), part, name))
}

function titleOf (record: PublishedRecord): string {
  const { key, value } = record
  return `${placeOf(record)}${key === null ? '' : `, key ${shown(key)}`}: ${shown(value)}`
}

function counted (times: number | undefined): string {
  if (times === undefined) return 'as expected'
  return times === 1 ? 'as expected, once' : `as expected, ${times} times`
}

function theFirst<T> (matching: readonly T[], times: number | undefined, fail: () => Error): T {
  const [first] = matching
  if (first === undefined || (times !== undefined && matching.length !== integer('times', times, 1))) throw fail()
  return first
}

function failure (
  title: string, { times, ...expected }: { readonly times?: number | undefined }, candidates: readonly Candidate[]
): Error {
  const matching = candidates.filter(({ differences }) => differences.length === 0).length
  const what = candidates.length === 0
    ? 'there is nothing to compare it with'
    : `${matching} of ${candidates.length} match:`
  return assertionError([title, `  expected ${shown(expected, 130)}`, what, ...candidateLines(candidates)])
}
