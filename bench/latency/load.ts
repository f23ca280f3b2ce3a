/** Options of one run, as the programs get them. */
export interface Load {
  readonly brokers: string[]
  readonly topic: string
  readonly perSecond: number
  readonly seconds: number
}

/** Time from a publish to its handler, ms. */
export interface Latency {
  readonly p50: number
  readonly p99: number
}

/** Messages that are left out: connections are made and code is compiled meanwhile, s. */
const WARM_UP = 3

export const load = JSON.parse(process.argv[2] ?? '{}') as Load

/** Publishes at a steady rate. `arrived(i)` is to be called by the handler. */
export class SteadyLoad {
  readonly #sentAt: number[] = []
  readonly #latencies: number[] = []
  #arrived = 0

  /** Only the first arrival of a message counts. */
  arrived (i: number): void {
    if (this.#latencies[i] !== undefined) return
    this.#latencies[i] = performance.now() - this.#sentAt[i]!
    this.#arrived++
  }

  /** Resolves when all messages have arrived; tells the parent process. */
  async run (publish: (i: number) => Promise<unknown>, { perSecond, seconds }: Load): Promise<void> {
    const count = perSecond * (seconds + WARM_UP)
    const began = performance.now()
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const due = Math.min(count, (performance.now() - began) / 1000 * perSecond)
        while (this.#sentAt.length < due) {
          this.#sentAt.push(performance.now())
          publish(this.#sentAt.length - 1)
        }
        if (this.#arrived < count) return
        clearInterval(timer)
        resolve()
      }, 1000 / perSecond)
    })
    const sorted = this.#latencies.slice(perSecond * WARM_UP).sort((a, b) => a - b)
    const at = (part: number): number => sorted[Math.floor(sorted.length * part)]!
    process.send?.({ p50: at(0.5), p99: at(0.99) } satisfies Latency)
  }
}
