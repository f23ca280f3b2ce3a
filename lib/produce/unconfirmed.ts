import { nextTurn } from '../clock.js'
import { inOwnContext } from '../context.js'
import type { Log } from '../log.js'
import { toError } from '../to-error.js'

/**
 * Publishes without waiting for the cluster: resolves when the message has its place in the queue, and rejects when it
 * gets none. `failed` is told of a later failure.
 */
export function unconfirmed (
  publish: (queued: () => void) => Promise<unknown>, failed: (error: Error) => void
): Promise<undefined> {
  return new Promise((resolve, reject) => {
    let isQueued = false
    const queued = (): void => {
      isQueued = true
      resolve(undefined)
    }
    publish(queued).catch((error) => {
      if (isQueued) failed(toError(error))
      else reject(error)
    })
  })
}

interface Failures {
  readonly err: Error & { readonly code?: string }
  readonly topic: string
  messages: number
}

/** Log of messages whose publishers did not wait for the cluster. What fails together is one line. */
export class UnconfirmedFailures {
  readonly #broker: string
  readonly #log: Log
  #failed = new Map<string, Failures>()

  constructor (broker: string, log: Log) {
    this.#broker = broker
    this.#log = log
  }

  add (topic: string, err: Failures['err']): void {
    const kind = `${topic} ${err.code}`
    const known = this.#failed.get(kind)
    if (known !== undefined) {
      known.messages++
      return
    }
    if (this.#failed.size === 0) inOwnContext(() => nextTurn(() => { this.#write() }))
    this.#failed.set(kind, { err, topic, messages: 1 })
  }

  #write (): void {
    const failed = this.#failed
    this.#failed = new Map()
    for (const { err, topic, messages } of failed.values()) {
      const details = { err, broker: this.#broker, topic, messages }
      this.#log.error(details, 'messages that were published without confirmation have failed')
    }
  }
}
