/** What stands for all topics that the app has not declared. */
const OTHER = 'other'

/**
 * Names of topics as labels: a topic that the app has not declared may have its name from a message, and the number of
 * labels must be bounded.
 */
export class TopicLabels {
  readonly #declared: () => readonly string[]
  #known: ReadonlySet<string> = new Set()

  /** `declared`: the topics of the app, to which more may come. */
  constructor (declared: () => readonly string[]) {
    this.#declared = declared
  }

  of (topic: string): string {
    if (this.#known.has(topic)) return topic
    this.#known = new Set(this.#declared())
    return this.#known.has(topic) ? topic : OTHER
  }
}
