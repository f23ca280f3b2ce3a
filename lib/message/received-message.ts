import { inspect } from 'node:util'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { BoundBroker, DeadLetter, Dependency, Message } from '../../types/index.js'
import { NackMessage, RejectMessage, type Decision } from './ack.js'
import { DeclaredDependency } from '../deps/dependency.js'
import { MessageContext } from '../deps/message-context.js'
import { Resolution, type ResolutionSettings } from '../deps/resolution.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { Log } from '../log.js'
import type { TopicParams } from '../options/topic-pattern.js'
import type { ConsumedRecord, RawHeader } from '../transport/transport.js'
import type { Decoded } from './decode.js'
import { inspected, type InspectStyle } from '../shown.js'
import { readDeadLetterHeaders } from './dead-letter-headers.js'
import { decodeHeaders } from './headers.js'
import { shownKey } from './key-text.js'
import { logOf } from './message-log.js'
import { dateOf } from './timestamp.js'

/** One attempt to handle a record, as its message needs it. */
export interface MessageDelivery {
  readonly topic: string
  readonly partition: number
  readonly record: ConsumedRecord
  /** 1, then one more with each retry. */
  readonly attempt: number
  /** Aborts when the attempt times out or is given up. */
  readonly signal: AbortSignal
  /** The correlation id, the same for all attempts. `log` is told when that of the header is replaced. */
  correlationId (log: Log): string
  /** Stores the handler's decision. False when there is one already, or when it comes too late. */
  decide (decision: Decision): boolean
  /** The attempt itself, which the messages of a batch share. */
  readonly whole: WholeAttempt
}

/** An attempt, as code that waits for its end needs it. */
export interface WholeAttempt {
  readonly decision: Decision | undefined
  /** The reason of the abort. */
  readonly aborted: Error | undefined
  /** Waits for the decision; rejects when the attempt is aborted first. */
  decided (): Promise<Decision>
  /** Aborts the attempt because this process does not own the message any more, or does not read on. */
  giveUp (reason: string): void
}

/** Parts that all messages of one subscriber share. */
export interface MessageSource {
  readonly scope: FastifyInstance
  /** The subscriber's name and group, for the logs of handlers. */
  readonly subscriber: string
  readonly groupId: string | null
  /** True when keys are decoded, or found by a parser. */
  readonly isKeyDecoded: boolean
  /** What the patterns of the subscriber find in a topic; undefined: it has none. */
  readonly paramsOf?: ((topic: string) => TopicParams | undefined) | undefined
  /** Whether dead letters of `origin` go to `topic`. Never throws, whatever `origin` holds. */
  isDeadLetterOf (topic: string, origin: string): boolean
  readonly resolutionSettings: () => ResolutionSettings
  /** The broker, bound to a message. */
  readonly bind: (message: Pick<Message, 'correlationId' | 'signal'>) => BoundBroker
}

/** A message with the operations of its attempt. */
export interface ReadableMessage {
  readonly message: ReceivedMessage
  /** True when the message is settled before its reader gets it. */
  readonly isSettled: boolean
  decided (): Promise<Decision>
  /** Does nothing once there is a decision. */
  giveUp (reason: string): void
}

const NOTHING: Readonly<Record<string, never>> = Object.freeze({})

/**
 * Second argument of a handler. A member that the handler does not read is not made. Own properties are what
 * `{ ...message }` has: neither `deps` nor headers, which may hold secrets.
 */
export class ReceivedMessage implements Message<unknown, unknown, unknown> {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly attempt: number
  readonly value: unknown
  readonly #source: MessageSource
  readonly #delivery: MessageDelivery
  readonly #key: unknown
  #headers: unknown
  #log: FastifyBaseLogger | undefined
  #broker: BoundBroker | undefined
  #deadLetter: DeadLetter | undefined
  #resolution: Resolution | undefined
  #deps: Readonly<Record<string, unknown>> = NOTHING

  constructor (source: MessageSource, delivery: MessageDelivery, { value, key, headers }: Decoded) {
    this.#source = source
    this.#delivery = delivery
    this.topic = delivery.topic
    this.partition = delivery.partition
    this.offset = delivery.record.offset
    this.attempt = delivery.attempt
    this.value = value
    this.#key = key
    this.#headers = headers
  }

  /** Makes what its subscriber declared. Returns undefined when it is there already. */
  static inject (message: ReceivedMessage, deps: ReadonlyMap<string, DeclaredDependency>): Promise<void> | undefined {
    const made = message.#resolve().resolveAll(deps)
    if (made instanceof Promise) return made.then((made) => { message.#deps = made })
    message.#deps = made
    return undefined
  }

  /** Throws when its attempt was aborted. To ask its signal would make one: 2 µs of CPU. */
  static throwIfAborted (message: ReceivedMessage): void {
    const { aborted } = message.#delivery.whole
    if (aborted !== undefined) throw aborted
  }

  /** Cleans up what was made for it. */
  static release (message: ReceivedMessage, failure?: { readonly error: unknown }): Promise<void> | undefined {
    return message.#resolution?.close(failure)
  }

  /** The message for code that asks for it: its attempt waits for the decision. */
  static readable (message: ReceivedMessage): ReadableMessage {
    const { whole } = message.#delivery
    return {
      message,
      isSettled: whole.decision !== undefined,
      decided: () => whole.decided(),
      giveUp: (reason) => { if (whole.decision === undefined) whole.giveUp(reason) }
    }
  }

  /** Dependencies that its subscriber declares. */
  get deps (): Readonly<Record<string, unknown>> {
    return this.#deps
  }

  get signal (): AbortSignal {
    return this.#delivery.signal
  }

  get timestamp (): Date | undefined {
    return dateOf(this.#delivery.record.timestamp)
  }

  get key (): unknown {
    return this.#source.isKeyDecoded ? this.#key : this.rawKey
  }

  get rawKey (): Buffer | null {
    return this.#delivery.record.key
  }

  get rawHeaders (): readonly RawHeader[] {
    return this.#delivery.record.headers
  }

  get headers (): unknown {
    this.#headers ??= decodeHeaders(this.rawHeaders)
    return this.#headers
  }

  get correlationId (): string {
    return this.#delivery.correlationId(this.#source.scope.log)
  }

  get deadLetter (): DeadLetter | undefined {
    this.#deadLetter ??= this.#readDeadLetter()
    return this.#deadLetter
  }

  get params (): TopicParams {
    return this.#source.paramsOf?.(this.topic) ?? NOTHING
  }

  /** Any sender may have written the headers. */
  #readDeadLetter (): DeadLetter | undefined {
    const written = readDeadLetterHeaders(this.rawHeaders)
    const isKnown = written !== undefined && this.#source.isDeadLetterOf(this.topic, written.topic)
    return isKnown ? written : undefined
  }

  get log (): FastifyBaseLogger {
    this.#log ??= logOf(this.#source, this.#delivery)
    return this.#log
  }

  get broker (): BoundBroker {
    this.#broker ??= this.#source.bind(this)
    return this.#broker
  }

  // Functions that need no `this`, so that they can be taken out. They are made when a handler asks for them.

  get ack (): Message['ack'] {
    return () => this.#delivery.decide({ kind: 'ack' })
  }

  get nack (): Message['nack'] {
    return (options) => {
      const error = new NackMessage(options)
      return this.#delivery.decide({ kind: 'nack', error, delay: error.delay })
    }
  }

  get reject (): Message['reject'] {
    return (reason) => this.#delivery.decide({ kind: 'reject', error: new RejectMessage(reason) })
  }

  get resolve (): Message['resolve'] {
    return async <T>(dep: Dependency<T>): Promise<T> => {
      if (dep instanceof DeclaredDependency) return await this.#resolve().resolve(dep) as T
      throw new FASTSTREAM_ERR_INVALID_OPTION('dependency', 'must be what dependency() returned')
    }
  }

  /** Made when something is asked for. */
  #resolve (): Resolution {
    const { scope, resolutionSettings } = this.#source
    this.#resolution ??= new Resolution(new MessageContext(scope, this), resolutionSettings())
    return this.#resolution
  }

  toJSON (): object {
    return { ...this.#shown, offset: String(this.offset) }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('Message', this.#shown, depth, options, inspectWith)
  }

  /** Its key as text, and no headers: they may hold secrets. */
  get #shown (): object {
    const { topic, partition, offset, key, value, timestamp, attempt, correlationId } = this
    return { topic, partition, offset, key: shownKey(key), value, timestamp, attempt, correlationId }
  }
}
