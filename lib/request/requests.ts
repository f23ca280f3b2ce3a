import type { BrokerHealth, PublishOptions, RequestsHealth } from '../../types/index.js'
import type { Clock } from '../clock.js'
import { inOwnContext } from '../context.js'
import { FASTSTREAM_ERR_NOT_READY } from '../errors.js'
import { isEnabled, type Log } from '../log.js'
import type { IncomingRules } from '../message/decode.js'
import { REPLY_PARTITION, REPLY_TO } from '../message/headers.js'
import { replyTopicOf, type RepliesOf } from '../options/replies.js'
import { publishError } from '../produce/publish-error.js'
import { toError } from '../to-error.js'
import type { ConsumedRecord, TopicPartition } from '../transport/transport.js'
import { OpenRequests } from './open-requests.js'
import { readReply, withSchema, type SchemaPlace } from './read-reply.js'
import type { ReplyReader, ReplyTaker } from './reply-reader.js'
import { checkRequestOptions, type GivenOptions } from './request-options.js'

/** The broker behind its requests. */
export interface RequestedBroker {
  readonly name: string
  readonly clock: Clock
  readonly settings: RepliesOf & { readonly ajv: SchemaPlace['ajv'] }
  /** Creates the topic where that is missing, and reads one of its partitions. */
  readReplies (topic: string, taker: ReplyTaker): Promise<ReplyReader>
}

/** What is sent, as its publisher knows it. */
export interface Target {
  readonly topic: string
  /** How its replies are decoded and checked. */
  readonly replies: IncomingRules
  /** Publishes it with these options, and this correlation id. */
  send (options: PublishOptions, correlationId: string): Promise<unknown>
}

/** One call of request(). */
export interface Call {
  /** For errors, before the target is known. */
  readonly topic: string
  readonly scope: SchemaPlace['scope']
  /** Of the request or message that asks. */
  readonly correlationId?: (() => string) | undefined
  readonly signal?: AbortSignal | undefined
  /** Called when the broker is connected. */
  target (): Target
}

const NEVER = new AbortController().signal

/** Requests of one broker, and the reader of their replies, which begins with the first request. */
export class Requests implements ReplyTaker {
  readonly #broker: RequestedBroker
  readonly #open: OpenRequests
  readonly #log: Log
  #state: BrokerHealth['state'] = 'starting'
  #connected!: () => void
  readonly #whenConnected = new Promise<void>((resolve) => { this.#connected = resolve })
  #reader: ReplyReader | undefined
  /** Under way; undefined again when it has failed, so that the next request tries again. */
  #starting: Promise<TopicPartition> | undefined

  constructor (broker: RequestedBroker, log: Log) {
    this.#broker = broker
    this.#open = new OpenRequests(() => broker.clock)
    this.#log = log
  }

  get health (): RequestsHealth {
    return { open: this.#open.size, late: this.#open.late }
  }

  /** The broker has another state. Requests wait for `connected`, and end with `closing`. */
  become (state: BrokerHealth['state']): void {
    this.#state = state
    if (state === 'connected') this.#connected()
    if (this.#isClosed) this.#open.fail(new FASTSTREAM_ERR_NOT_READY(state))
  }

  reply (record: ConsumedRecord): void {
    this.#open.deliver(record)
  }

  ended (error: Error): void {
    this.#reader = undefined
    this.#open.fail(publishError(replyTopicOf(this.#broker.settings), error))
  }

  /**
   * Sends a request, and resolves to the value of its reply. Up to the queue it runs at once, so that requests and
   * publishes keep the order of their calls, once replies are read.
   *
   * @throws FASTSTREAM_ERR_REQUEST_TIMEOUT, FASTSTREAM_ERR_REQUEST_REFUSED, FASTSTREAM_ERR_REQUEST_ABORTED
   * @throws FASTSTREAM_ERR_REPLY, FASTSTREAM_ERR_INVALID_OPTION, and the errors of a publish
   */
  async request (call: Call, options: GivenOptions = {}): Promise<unknown> {
    const timeout = checkRequestOptions(options)
    const { key, headers, signal, schema } = options
    if (this.#isClosed) throw new FASTSTREAM_ERR_NOT_READY(this.#state)
    const signals = [signal, call.signal].filter((each) => each !== undefined)
    const { settings: { ajv } } = this.#broker
    const request = this.#open.begin(call.topic, { timeout, signals })
    try {
      const address = this.#reader?.address ?? await request.wait(this.#address())
      const { topic, replies, send } = call.target()
      const rules = schema === undefined ? replies : withSchema(replies, schema, { scope: call.scope, ajv, topic })
      const reply = request.reply()
      this.#tell(topic, request.id, call.correlationId)
      send({
        key,
        headers: Object.assign({}, headers, {
          [REPLY_TO]: address.topic, [REPLY_PARTITION]: String(address.partition)
        })
      }, request.id).catch((error) => { request.fail(toError(error)) })
      const record = await reply
      return await request.wait(readReply(topic, { record, from: address, signal: signals[0] ?? NEVER }, rules))
    } finally {
      this.#open.end(request)
    }
  }

  get #isClosed (): boolean {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  /** Resolves to where replies are read, when replies to what is sent later will be read. */
  #address (): Promise<TopicPartition> {
    this.#starting ??= inOwnContext(() => this.#read()).finally(() => { this.#starting = undefined })
    return this.#starting
  }

  async #read (): Promise<TopicPartition> {
    await this.#whenConnected
    const topic = replyTopicOf(this.#broker.settings)
    try {
      this.#reader = await this.#broker.readReplies(topic, this)
    } catch (error) {
      throw publishError(topic, toError(error))
    }
    return this.#reader.address
  }

  /** The line that joins a request with the request or message that asks. */
  #tell (topic: string, requestId: string, correlationId: (() => string) | undefined): void {
    if (correlationId === undefined || !isEnabled(this.#log, 'debug')) return
    const details = { broker: this.#broker.name, topic, correlationId: correlationId(), requestId }
    this.#log.debug(details, 'a request is sent with an id of its own')
  }
}
