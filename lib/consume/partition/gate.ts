/** A gate that is open at first. */
export class Gate {
  #isShut = false
  #waiting: Array<() => void> = []

  get isShut (): boolean {
    return this.#isShut
  }

  shut (): void {
    this.#isShut = true
  }

  open (): void {
    this.#isShut = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Resolves to true once the gate opens; to false as soon as `signal` aborts. */
  opened (signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== onOpen)
        resolve(false)
      }
      const onOpen = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve(true)
      }
      this.#waiting.push(onOpen)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }
}
