import type { DeadLetterTopic } from '../options/settings.js'
import { isTopic } from '../transport/topic-partition.js'
import type { SubscriberSettings } from './plan.js'

type Subscribers = ReadonlyArray<Pick<SubscriberSettings, 'deadLetter' | 'deadLetterTopics'>>

/**
 * The dead-letter topics of one cluster, as the option `deadLetter` of the plugin and of its subscribers names them.
 * Any sender can write the headers of a dead letter: they are believed only where this class knows of dead letters.
 */
export class DeadLetterTopics {
  readonly #namings: ReadonlySet<DeadLetterTopic>
  readonly #subscribers: Subscribers
  /** For each topic, the topic itself and those whose dead letters end there. */
  readonly #sources = new Map<string, ReadonlySet<string>>()

  constructor (naming: DeadLetterTopic, subscribers: Subscribers) {
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
    for (const naming of this.#namings) if (sources.has(named(naming, origin))) return true
    return false
  }

  /** Whether dead letters of `origin` go to `topic` at once. Never throws: `origin` is the text of a header. */
  isNamedBy (topic: string, origin: string): boolean {
    return isTopic(origin) && Array.from(this.#namings, (naming) => named(naming, origin)).includes(topic)
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

/** The user's function may throw: it was written for the topics that the app declares. */
function named (naming: DeadLetterTopic, origin: string): string | undefined {
  try {
    return naming(origin)
  } catch {
    return undefined
  }
}
