import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { Log } from '../log.js'
import type { TopicParams } from '../options/topic-pattern.js'
import type { DeadLetterTopics } from './dead-letter-topics.js'
import type { SubscriberSettings } from './plan.js'
import { toError } from '../to-error.js'

/** Topics that are remembered: a cluster may get new ones without end. */
const MOST = 10_000

type Settings = Pick<SubscriberSettings, 'name' | 'patterns' | 'deadLetter'>

/** What a subscriber with patterns needs beside it. */
export interface PatternMeans {
  readonly deadLetterTopics: DeadLetterTopics
  readonly log: Log
  /** Creates or verifies a topic. What is published to it meanwhile waits. */
  readonly prepareTopic: (topic: string) => void
}

/** The topics that the patterns of one subscriber find while the app runs. */
export class PatternTopics {
  readonly #settings: Settings
  readonly #means: PatternMeans
  /** The dead-letter topics of topics that were found: none of them is read. */
  readonly #deadLetterTopics = new Set<string>()
  readonly #prepared = new Set<string>()
  readonly #refused = new Set<string>()

  constructor (settings: Settings, means: PatternMeans) {
    this.#settings = settings
    this.#means = means
  }

  /** True when a pattern matches the topic, and the topic has no dead letters of topics that it matches. */
  has (topic: string): boolean {
    if (!this.#matches(topic) || this.#deadLetterTopics.has(topic)) return false
    if (this.#means.deadLetterTopics.receivesThoseOf((origin) => this.#matches(origin), topic)) return false
    return this.#hasWayOut(topic)
  }

  /** The dead-letter topic of one that was found; it is created or verified when it is first asked for. */
  deadLetterTopic (topic: string): string | undefined {
    const deadLetterTopic = this.#settings.deadLetter(topic)
    if (deadLetterTopic === undefined || this.#prepared.has(deadLetterTopic)) return deadLetterTopic
    remember(this.#prepared, deadLetterTopic)
    this.#means.prepareTopic(deadLetterTopic)
    return deadLetterTopic
  }

  params (topic: string): TopicParams | undefined {
    return this.#settings.patterns.find((pattern) => pattern.matches(topic))?.params(topic)
  }

  #matches (topic: string): boolean {
    return this.#settings.patterns.some((pattern) => pattern.matches(topic))
  }

  /** False where the topic cannot have dead letters: it is left out, or a message of it could block it for good. */
  #hasWayOut (topic: string): boolean {
    try {
      const deadLetterTopic = this.#settings.deadLetter(topic)
      if (deadLetterTopic === topic) {
        throw new FASTSTREAM_ERR_INVALID_OPTION('deadLetter.topic', `must not lead back to '${topic}'`)
      }
      if (deadLetterTopic !== undefined) remember(this.#deadLetterTopics, deadLetterTopic)
      return true
    } catch (thrown) {
      this.#refuse(topic, toError(thrown))
      return false
    }
  }

  /** Each topic once. */
  #refuse (topic: string, err: Error): void {
    if (this.#refused.has(topic)) return
    remember(this.#refused, topic)
    const details = { err, topic, subscriber: this.#settings.name }
    this.#means.log.error(details, 'a topic that a pattern matches is not read: its dead letters have no topic')
  }
}

function remember (topics: Set<string>, topic: string): void {
  if (topics.size >= MOST) topics.clear()
  topics.add(topic)
}
