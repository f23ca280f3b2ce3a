import type { RecordMetadata } from '../../types/index.js'
import type { ResultsInScope } from '../consume/pipeline/subscriber-plan.js'
import { FASTSTREAM_ERR_HANDLER_ABORTED } from '../errors.js'
import type { Outgoing, Prepared, Sending } from '../message/outgoing.js'

/** Publishes one result by way of its middlewares, with `store` for what they pass on. */
export type ResultWay = (store: (prepared: Prepared) => Promise<RecordMetadata>) => Promise<RecordMetadata>

const UNPUBLISHED = 'its results could not be published'

/**
 * Runs the results of a handler through their middlewares. Resolves when each has been passed on, so that the pipeline
 * can publish all of them, as often as it takes. When one is refused, none is published.
 */
export async function throughMiddlewares (ways: readonly ResultWay[]): Promise<ResultsInScope> {
  const results = ways.map((way) => new ResultRun(way, () => new FASTSTREAM_ERR_HANDLER_ABORTED(UNPUBLISHED)))
  const passed = await Promise.allSettled(results.map(({ prepared }) => prepared))
  const refused = passed.find((each) => each.status === 'rejected')
  if (refused !== undefined) {
    await Promise.allSettled(results.map((result) => result.end()))
    throw refused.reason
  }
  return {
    prepared: passed.filter((each) => each.status === 'fulfilled').map(({ value }) => value),
    async end () { await Promise.all(results.map((result) => result.end())) }
  }
}

/** One result, or one message of a batch, on its way. */
export class ResultRun {
  /** Resolves when the middlewares have passed it on; rejects when they refuse it. */
  readonly prepared: Promise<Prepared>
  readonly #ended: Promise<unknown>
  #stored: RecordMetadata | undefined
  #failure: unknown
  #goOn!: () => void

  /** `unpublished`: makes the error for middlewares whose message is not sent. */
  constructor (way: ResultWay, unpublished: () => Error) {
    let pass!: (prepared: Prepared) => void
    const passed = new Promise<Prepared>((resolve) => { pass = resolve })
    const ending = new Promise<void>((resolve) => { this.#goOn = resolve })
    this.#ended = way(async (prepared) => {
      const { outgoing } = prepared
      pass({ outgoing, sender: { send: (outgoing, sending) => this.#send(prepared, outgoing, sending) } })
      await ending
      if (this.#stored === undefined) throw this.#failure ?? unpublished()
      return this.#stored
    })
    this.prepared = Promise.race([passed, this.#ended.then(() => passed)])
  }

  /** Lets the middlewares go on with what became of the result. Rejects with what they throw. */
  async end (): Promise<void> {
    this.#goOn()
    await this.#ended
  }

  async #send ({ sender }: Prepared, outgoing: Outgoing, sending?: Sending): Promise<RecordMetadata> {
    try {
      this.#stored = await sender.send(outgoing, sending)
      return this.#stored
    } catch (error) {
      this.#failure = error
      throw error
    }
  }
}
