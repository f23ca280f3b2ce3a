/** Label of all topics and groups that the app has not declared. */
export const OTHER = 'other'

/** Topics that an app has declared; more may come. */
export interface DeclaredTopics {
  readonly topics: readonly string[]
  readonly registry: { readonly previews: ReadonlyArray<{ readonly patterns: readonly Pattern[] }> }
}

interface Pattern {
  readonly text: string
  matches (topic: string): boolean
}

/**
 * Names of topics as labels: a topic that the app has not declared may have its name from a message, and the number of
 * labels must be bounded. A topic that a pattern finds has the text of the pattern.
 */
export class TopicLabels {
  readonly #declared: DeclaredTopics
  #known: ReadonlySet<string> = new Set()

  constructor (declared: DeclaredTopics) {
    this.#declared = declared
  }

  of (topic: string): string {
    if (this.#known.has(topic)) return topic
    const { topics, registry: { previews } } = this.#declared
    this.#known = new Set(topics)
    if (this.#known.has(topic)) return topic
    const pattern = previews.flatMap(({ patterns }) => patterns).find((pattern) => pattern.matches(topic))
    return pattern?.text ?? OTHER
  }
}
