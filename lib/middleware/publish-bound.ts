import type { RecordMetadata } from '../../types/index.js'
import { FASTSTREAM_ERR_PUBLISH_TIMEOUT } from '../errors.js'
import { steady } from '../log.js'
import { toError } from '../to-error.js'
import type { ChainMeans } from './publish-chain.js'

const UNSENT = 'a middleware has not called next() in time: it is not in the log'

/**
 * Bounds the time that middlewares take for one publish: before `next` is called, and again when the record is in the
 * log. The send itself has its own deadline.
 */
export class PublishBound {
  readonly #topic: string
  readonly #means: ChainMeans
  readonly #late: Promise<RecordMetadata>
  #settleLate!: (outcome: Promise<RecordMetadata>) => void
  #sent: Promise<RecordMetadata> | undefined
  #cancel: () => void
  #over = false

  constructor (topic: string, means: ChainMeans) {
    this.#topic = topic
    this.#means = means
    this.#late = new Promise((resolve) => { this.#settleLate = resolve })
    this.#cancel = this.#schedule()
  }

  /** Settles as `chain` does, or when its time is over: then as the send did, where there was one. */
  async wait (chain: Promise<RecordMetadata>): Promise<RecordMetadata> {
    chain.catch((thrown) => {
      if (this.#over) this.#tell({ err: toError(thrown) }, 'a middleware of a publish failed after its time')
    })
    try {
      return await Promise.race([chain, this.#late])
    } finally {
      this.#over = true
      this.#cancel()
    }
  }

  /** Sends, unless the time is over: then the caller has been told that nothing was sent. */
  async send (work: () => Promise<RecordMetadata>): Promise<RecordMetadata> {
    if (this.#over) throw this.#timeout()
    this.#cancel()
    this.#sent = started(work)
    try {
      return await this.#sent
    } finally {
      if (!this.#over) this.#cancel = this.#schedule()
    }
  }

  #schedule (): () => void {
    const { clock, deadline } = this.#means
    return clock.schedule(deadline, () => { this.#expire() })
  }

  #expire (): void {
    this.#over = true
    const { deadline } = this.#means
    if (this.#sent !== undefined) this.#tell({ timeout: deadline }, 'a middleware of a publish does not end')
    this.#settleLate(this.#sent ?? Promise.reject(this.#timeout()))
  }

  #timeout (): Error {
    return Object.assign(new FASTSTREAM_ERR_PUBLISH_TIMEOUT(this.#topic, UNSENT), { outcome: 'not-sent' })
  }

  #tell (details: object, message: string): void {
    steady(this.#means.log).error({ ...details, topic: this.#topic }, message)
  }
}

async function started<Result> (work: () => Promise<Result>): Promise<Result> {
  return await work()
}
