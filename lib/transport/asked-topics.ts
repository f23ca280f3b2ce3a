import type { ConsumerOptions, TopicTest } from './transport.js'

/** What a consumer asks for: names of topics, and tests of names. */
export class AskedTopics {
  readonly names: readonly string[]
  readonly #tests: readonly TopicTest[]

  constructor (topics: ConsumerOptions['topics']) {
    const all = typeof topics === 'function' ? [topics] : topics
    this.names = all.filter((each) => typeof each === 'string')
    this.#tests = all.filter((each) => typeof each !== 'string')
  }

  /** True when there are tests of names: all topics of the cluster must be looked at. */
  get hasTests (): boolean {
    return this.#tests.length > 0
  }

  /** True for a name that was given, and for one that passes a test. */
  includes (topic: string): boolean {
    return this.names.includes(topic) || this.passes(topic)
  }

  /** True for a name that passes a test. */
  passes (topic: string): boolean {
    return this.#tests.some((test) => test(topic))
  }
}
