import type { RecordMetadata } from '../../types/index.js'
import { FASTSTREAM_ERR_PUBLISH_BATCH } from '../errors.js'
import { reasonOfPublish } from '../for-clients.js'
import { membersOf } from '../members.js'
import type { Prepared } from '../message/outgoing.js'
import { toError } from '../to-error.js'
import type { PublishOrder } from './publish-order.js'
import { ResultRun, type ResultWay } from './publish-results.js'

/** Messages of one batch on their way to the queue. */
interface Begun {
  /** Each resolves when its message is checked and encoded; rejects when it is refused. */
  readonly prepared: ReadonlyArray<Promise<Prepared>>
  /** Lets the middlewares go on with what became of their messages. */
  end (): Promise<ReadonlyArray<PromiseSettledResult<void>>>
}

/** Members of the error, side by side with the messages. */
interface Outcome {
  readonly published: ReadonlyArray<RecordMetadata | undefined>
  readonly failures: ReadonlyArray<Error | undefined>
}

const NO_MIDDLEWARES: Begun['end'] = async () => []

/**
 * Messages of one topic that are published in a row: they take one place in the order of the topic, and the first one
 * is sent when all have passed their checks and their middlewares.
 */
export class PublishBatch {
  readonly #order: PublishOrder
  readonly #topic: string

  constructor (topic: string, order: PublishOrder) {
    this.#topic = topic
    this.#order = order
  }

  /** Publishes what the functions return; one that throws refuses its message. @throws FASTSTREAM_ERR_PUBLISH_BATCH */
  publish (all: ReadonlyArray<() => Prepared>): Promise<readonly RecordMetadata[]> {
    return this.#publish(all.length, () => {
      return { prepared: all.map(async (prepare) => prepare()), end: NO_MIDDLEWARES }
    })
  }

  /** Publishes by way of middlewares. @throws FASTSTREAM_ERR_PUBLISH_BATCH */
  publishThrough (ways: readonly ResultWay[]): Promise<readonly RecordMetadata[]> {
    return this.#publish(ways.length, () => {
      const runs = ways.map((way) => new ResultRun(way, () => this.#error(ways.length, 0, 'another one was refused')))
      return {
        prepared: runs.map(({ prepared }) => prepared),
        end: () => Promise.allSettled(runs.map((run) => run.end()))
      }
    })
  }

  async #publish (messages: number, begin: () => Begun): Promise<readonly RecordMetadata[]> {
    if (messages === 0) return []
    const { published, failures } = await this.#run(begin)
    const cause = failures.find((failure) => failure !== undefined)
    if (cause === undefined) return stored(published)
    const { statusCode = 500 } = membersOf(cause)
    const error = this.#error(messages, stored(published).length, reasonOfPublish(cause), { cause })
    Object.assign(error, { statusCode })
    // Not enumerable: a line of the log would have all of them.
    throw Object.defineProperties(error, { published: { value: published }, failures: { value: failures } })
  }

  async #run (begin: () => Begun): Promise<Outcome> {
    let place
    try {
      place = this.#order.take(this.#topic)
    } catch (thrown) {
      return { published: [], failures: [toError(thrown)] }
    }
    const { prepared, end } = begin()
    const checked = await Promise.allSettled(prepared)
    const all = checked.flatMap((each) => each.status === 'fulfilled' ? each.value : [])
    const areSent = all.length === checked.length
    const sent = areSent ? await this.#order.sendAllFrom(place, all) : []
    place.leave()
    const ended = await end()
    return {
      published: checked.map((_, i) => sent[i]?.status === 'fulfilled' ? sent[i].value : undefined),
      failures: checked.map((each, i) => errorOf(each) ?? (areSent ? errorOf(sent[i]) ?? errorOf(ended[i]) : undefined))
    }
  }

  #error (messages: number, stored: number, reason: string, options?: ErrorOptions): Error {
    return new FASTSTREAM_ERR_PUBLISH_BATCH(messages, this.#topic, stored, reason, options)
  }
}

function stored (published: Outcome['published']): readonly RecordMetadata[] {
  return published.filter((each) => each !== undefined)
}

function errorOf (settled: PromiseSettledResult<unknown> | undefined): Error | undefined {
  return settled?.status === 'rejected' ? toError(settled.reason) : undefined
}
