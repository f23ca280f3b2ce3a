interface Waiting {
  readonly version: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** The calls of `subscribe` on one consumer, each of which waits for a generation with its topics. */
export class SubscriptionChanges {
  #version = 0
  #waiting: readonly Waiting[] = []
  #ended: Error | undefined

  /** Number of the present list of topics: every change adds one. */
  get version (): number {
    return this.#version
  }

  /** Resolves when a generation with these topics, or later ones, has begun. */
  next (): Promise<void> {
    const version = ++this.#version
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      this.#waiting = [...this.#waiting, { version, resolve, reject }]
    })
  }

  /** `version`: of the topics with which the generation was joined. */
  began (version: number): void {
    for (const each of this.#waiting) if (each.version <= version) each.resolve()
    this.#waiting = this.#waiting.filter((each) => each.version > version)
  }

  /** No generation begins any more. */
  end (error: Error): void {
    this.#ended ??= error
    for (const { reject } of this.#waiting) reject(error)
    this.#waiting = []
  }
}
