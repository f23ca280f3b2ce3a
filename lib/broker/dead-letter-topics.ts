import type { DeadLetterTopic } from '../options/settings.js'
import { isTopic } from '../transport/topic-partition.js'
import type { SubscriberSettings } from './plan.js'

type Subscribers = ReadonlyArray<Pick<SubscriberSettings, 'deadLetter' | 'deadLetterTopics' | 'patterns'>>

/**
 * The dead-letter topics of one cluster, as the option `deadLetter` of the plugin and of its subscribers names them.
 * Any sender can write the headers of a dead letter: they are believed only where this class knows of dead letters.
 */
export class DeadLetterTopics {
  readonly #naming: DeadLetterTopic
  readonly #namings: ReadonlySet<DeadLetterTopic>
  readonly #subscribers: Subscribers
  /** For each topic, the topic itself and those whose dead letters end there. */
  readonly #sources = new Map<string, ReadonlySet<string>>()

  constructor (naming: DeadLetterTopic, subscribers: Subscribers) {
    this.#naming = naming
    this.#namings = new Set([naming, ...subscribers.map(({ deadLetter }) => deadLetter)])
    this.#subscribers = subscribers
  }

  /**
   * Whether dead letters of `origin` go to `topic`: at once, or after further failures in this app. Never throws:
   * `origin` is the text of a header.
   */
  receives (topic: string, origin: string): boolean {
    if (!isTopic(origin)) return false
    const sources = this.#sourcesOf(topic)
    for (const naming of this.#namings) if (sources.has(nameBy(naming, origin))) return true
    return false
  }

  /** Whether dead letters of `origin` go to `topic` at once. Never throws: `origin` is the text of a header. */
  isNamedBy (topic: string, origin: string): boolean {
    return isTopic(origin) && Array.from(this.#namings, (naming) => nameBy(naming, origin)).includes(topic)
  }

  /**
   * Whether dead letters of a topic that passes `test` go to `topic`. A topic that no subscriber names is found where
   * its dead-letter topic is made of its name with text before or behind it.
   */
  receivesThoseOf (test: (origin: string) => boolean, topic: string): boolean {
    for (const { deadLetterTopics } of this.#subscribers) {
      for (const [origin, to] of deadLetterTopics) if (to === topic && test(origin)) return true
    }
    for (let length = 1; length < topic.length; length++) {
      for (const origin of [topic.slice(0, length), topic.slice(length)]) {
        if (test(origin) && this.#isNamedFor(origin, topic)) return true
      }
    }
    return false
  }

  /** By the plugin, or by a subscriber one of whose patterns matches `origin`. */
  #isNamedFor (origin: string, topic: string): boolean {
    if (nameBy(this.#naming, origin) === topic) return true
    return this.#subscribers.some(({ patterns, deadLetter }) => {
      return patterns.some((pattern) => pattern.matches(origin)) && nameBy(deadLetter, origin) === topic
    })
  }

  #sourcesOf (topic: string): ReadonlySet<string | undefined> {
    let sources = this.#sources.get(topic)
    if (sources === undefined) this.#sources.set(topic, sources = this.#findSources(topic))
    return sources
  }

  #findSources (topic: string): ReadonlySet<string> {
    const sources = new Set([topic])
    for (const source of sources) {
      for (const { deadLetterTopics } of this.#subscribers) {
        for (const [failed, deadLetterTopic] of deadLetterTopics) if (deadLetterTopic === source) sources.add(failed)
      }
    }
    return sources
  }
}

/** Calls the user's function, which may throw: it was written for the topics that the app declares. */
export function nameBy (naming: DeadLetterTopic, origin: string): string | undefined {
  try {
    return naming(origin)
  } catch {
    return undefined
  }
}
