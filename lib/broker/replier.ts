import { NAME_LIMIT, visible } from '../foreign-text.js'
import type { PublishOptions } from '../../types/index.js'
import type { Delivery } from '../consume/pipeline/delivery.js'
import type { Replies } from '../consume/pipeline/subscriber-plan.js'
import {
  FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_INVALID_MESSAGE, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_NEXT
} from '../errors.js'
import { steady } from '../log.js'
import { codeOf } from '../members.js'
import type { OutgoingRules } from '../message/encode.js'
import { headerText, REPLY_ERROR, REPLY_PARTITION, REPLY_TO } from '../message/headers.js'
import { isResponse } from '../message/response.js'
import type { PublishScopes } from '../middleware/publish-chain.js'
import { textOf, toError } from '../to-error.js'
import { PublisherPlan, type PublisherMeans } from './publisher.js'

/** A subscriber that answers. */
export interface Answering {
  readonly subscriber: string
  /** Makes the test of topics that it may answer to. */
  readonly allows: () => (topic: string) => boolean
  /** The middlewares of what it publishes. */
  readonly scopes: PublishScopes
}

/** Where a message wants its reply. */
interface Address {
  readonly topic: string
  readonly partition: number | undefined
}

/** Faults of the reply itself: it would fail again. */
const FAULTS = [
  FASTSTREAM_ERR_INVALID_MESSAGE, FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_NEXT
]

/** Answers to messages that ask for a reply, with the results of one subscriber, or with the code of an error. */
export class Replier implements Replies {
  readonly #rules: OutgoingRules
  readonly #means: PublisherMeans
  readonly #answering: Answering
  #allowed: ((topic: string) => boolean) | undefined

  constructor (rules: OutgoingRules, means: PublisherMeans, answering: Answering) {
    this.#rules = rules
    this.#means = means
    this.#answering = answering
  }

  reply (result: unknown, delivery: Delivery): Promise<void> | undefined {
    const address = this.#addressOf(delivery)
    if (address === undefined) return undefined
    const { value = null, options } = isResponse(result) ? result : { value: result, options: undefined }
    return this.#send(address, value, options, delivery)
  }

  refuse (error: Error, delivery: Delivery): Promise<void> | undefined {
    const address = this.#addressOf(delivery)
    if (address === undefined) return undefined
    const headers = { [REPLY_ERROR]: remoteCode(error) }
    return this.#send(address, null, { headers }, delivery).catch((thrown) => {
      this.#tell(delivery, { err: toError(thrown) }, 'the error that answers a message could not be published')
    })
  }

  /**
   * Resolves when the reply has its place in the queue. What happens to it later is logged, and nothing waits for it: a
   * reply topic that does not exist must not hold up the messages behind.
   */
  async #send (
    { topic, partition }: Address, value: unknown, options: PublishOptions | undefined, delivery: Delivery
  ): Promise<void> {
    const { log, sender } = this.#means
    const plan = new PublisherPlan(
      Object.assign({}, this.#rules, { topic }), Object.assign({}, this.#means, { repliesTo: delivery.record })
    )
    try {
      const sent = { ...options, partition, correlationId: undefined, wait: true, noConfirm: true } as const
      await plan.publish(value, sent, this.#answering.scopes, delivery.correlationId(log))
    } catch (error) {
      if (!isOfCluster(error)) throw error
      sender.failedLater(topic, toError(error))
    }
  }

  /** Undefined where the message asks for no reply, or where that is refused. */
  #addressOf (delivery: Delivery): Address | undefined {
    const { record } = delivery
    const topic = headerText(record, REPLY_TO)
    if (topic === undefined || topic === '') return undefined
    this.#allowed ??= this.#answering.allows()
    if (!this.#allowed(topic)) return this.#refuse(delivery, topic, "'replies.allowed' does not have it")
    const partition = headerText(record, REPLY_PARTITION)
    if (partition === undefined) return { topic, partition }
    // The producer refuses one that the topic does not have.
    if (!/^\d{1,9}$/.test(partition)) return this.#refuse(delivery, topic, `the header ${REPLY_PARTITION} is no number`)
    return { topic, partition: Number(partition) }
  }

  #refuse (delivery: Delivery, topic: string, reason: string): undefined {
    const details = { replyTo: visible(topic, NAME_LIMIT), reason }
    this.#tell(delivery, details, 'a message asks for a reply to a topic that is not answered')
  }

  #tell (delivery: Delivery, details: object, message: string): void {
    const { log } = this.#means
    const { subscriber } = this.#answering
    steady(log).warn({ ...details, subscriber, ...delivery.place, correlationId: delivery.correlationId(log) }, message)
  }
}

/** An error of the cluster or of the queue, and none of the reply. */
function isOfCluster (error: unknown): boolean {
  return String(codeOf(error)).startsWith('FASTSTREAM_ERR_') && !FAULTS.some((Fault) => error instanceof Fault)
}

/** What the sender learns about an error: no text, which may hold secrets of this side. */
function remoteCode (error: Error): string {
  const code = codeOf(error)
  return visible(typeof code === 'string' && code !== '' ? code : textOf(() => error.name), NAME_LIMIT)
}
