import type { EncodedMessage } from '../../types/index.js'
import type { ConsumedRecord, RawHeader } from '../transport/transport.js'
import { CONTENT_TYPE, decodeHeaders, headerText } from './headers.js'
import { dateOf } from './timestamp.js'

/** A record and its place, as decoding needs them. */
export interface UndecodedDelivery {
  readonly topic: string
  readonly partition: number
  readonly record: ConsumedRecord
  readonly signal: AbortSignal
}

/** The parts of a record, or those that a parser has found in it. */
export interface RawParts<V extends Buffer | null> extends Pick<ConsumedRecord, 'headers' | 'headerText'> {
  readonly key: Buffer | null
  readonly value: V
}

/** A message before it is decoded, for codecs, decoders and parsers. */
export class RawMessage<V extends Buffer | null = Buffer | null> implements EncodedMessage<V> {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly rawKey: Buffer | null
  readonly rawValue: V
  readonly #delivery: UndecodedDelivery
  readonly #parts: RawParts<V>
  #headers: Record<string, string> | undefined

  constructor (delivery: UndecodedDelivery, parts: RawParts<V>) {
    this.topic = delivery.topic
    this.partition = delivery.partition
    this.offset = delivery.record.offset
    this.rawKey = parts.key
    this.rawValue = parts.value
    this.#delivery = delivery
    this.#parts = parts
  }

  /** The content type of a message, for the codec that reads it. */
  static contentTypeOf (message: RawMessage): string | undefined {
    return headerText(message.#parts, CONTENT_TYPE)
  }

  /** The same message with other parts. */
  static with<V extends Buffer | null> (
    message: RawMessage, parts: Partial<RawParts<V>> & { readonly value: V }
  ): RawMessage<V> {
    const { rawKey: key, rawHeaders: headers } = message
    return new RawMessage(message.#delivery, { key, headers, ...parts })
  }

  get timestamp (): Date | undefined {
    return dateOf(this.#delivery.record.timestamp)
  }

  get rawHeaders (): readonly RawHeader[] {
    return this.#parts.headers
  }

  get headers (): Readonly<Record<string, string>> {
    this.#headers ??= decodeHeaders(this.rawHeaders)
    return this.#headers
  }

  get signal (): AbortSignal {
    return this.#delivery.signal
  }
}
