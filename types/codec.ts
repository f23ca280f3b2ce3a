import type { OutgoingHeaders } from './publish.js'

/**
 * Message before it is decoded, as a {@link Codec}, a {@link Decoder} and a {@link Parser} read it. `V` is the type of
 * its value on the wire.
 *
 * @example
 * const decoder: Decoder = async (message, original) => {
 *   return message.headers.encrypted === 'yes' ? original(await decrypt(message.rawValue)) : original()
 * }
 */
export interface EncodedMessage<V extends Buffer | null = Buffer | null> {
  readonly topic: string
  /** Number of the partition, counted from 0. */
  readonly partition: number
  /** Offset in the partition, counted from 0. */
  readonly offset: bigint
  /** Time of the publish, as the publisher says; undefined when it says none, or one that a `Date` cannot hold. */
  readonly timestamp: Date | undefined
  /** Bytes of the key. */
  readonly rawKey: Buffer | null
  /** Bytes of the value. `null` is a tombstone. */
  readonly rawValue: V
  /** Headers as bytes, in order and with repetitions. */
  readonly rawHeaders: ReadonlyArray<readonly [name: string, value: Buffer | null]>
  /** Headers as text; of a repeated name the last one. */
  readonly headers: Readonly<Record<string, string>>
  /** Signal that aborts when decoding exceeds `handlerTimeout`, or when the partition is revoked. */
  readonly signal: AbortSignal
}

/**
 * Value on its way out: its bytes, and what the record says about them. `bytes: null` is a record without a value.
 *
 * @example
 * const encoded: EncodedValue = { bytes: gzipSync(json), contentType: 'application/gzip', headers: { version: '2' } }
 */
export interface EncodedValue {
  readonly bytes: Uint8Array | string | null
  /** Header `content-type`. @default the codec's `contentType` */
  readonly contentType?: string | undefined
  /** Headers beside the publisher's, which win over these. Left out for a key. @default none */
  readonly headers?: OutgoingHeaders | undefined
}

/**
 * Format of values or keys on the wire: decodes what a subscriber reads, and encodes what a publisher writes. It is
 * called neither for a tombstone nor for a record without a key. FastStream: `codec`; `decode` alone is its `decoder`
 * and `key_deserializer`.
 *
 * An error that `decode` throws makes its message a dead letter of the stage `deserialize`. A decision ({@link
 * NackMessage}, `RejectMessage`, `SkipMessage`, `StopConsume`) counts as if the handler had thrown it: a codec whose
 * registry is down throws `NackMessage`, so that its messages wait. An error that `encode` throws makes the publish
 * fail with FASTSTREAM_ERR_ENCODE.
 *
 * @example
 * const lines: Codec = {
 *   contentType: 'text/csv',
 *   decode: (bytes) => bytes.toString().split(';'),
 *   encode: (value) => (value as string[]).join(';')
 * }
 * app.broker.subscriber('readings', { codec: lines, schema: { value: Type.Array(Type.String()) } }, saveReading)
 */
export interface Codec {
  /** Media type of what `encode` returns: header `content-type`, also in the AsyncAPI document. @default none */
  readonly contentType?: string | undefined
  /**
   * Decodes bytes, which may come from any sender. The message is no larger than `bodyLimit`.
   *
   * @param bytes of the part
   * @param message the whole message, with its headers
   * @param part `'value'` or `'key'`
   * @returns the value or a promise of it; a schema is checked afterwards
   */
  decode (bytes: Buffer, message: EncodedMessage, part: 'value' | 'key'): unknown
  /**
   * Encodes a value that has passed the publisher's schema. It runs when `publish` is called and is not awaited, so
   * that records keep the order of the calls: load in an `onReady` hook what it needs.
   *
   * @param value the value or the key, never null
   * @param topic of the publisher
   * @param part `'value'` or `'key'`
   * @returns the bytes, text that is written as UTF-8, or both with headers
   */
  encode (value: unknown, topic: string, part: 'value' | 'key'): Uint8Array | string | EncodedValue
  /**
   * Makes the value of a message that has none, for formats in which that is more than a deletion.
   *
   * @default the value is null
   */
  tombstone? (message: EncodedMessage): unknown
}

/**
 * Codec by its name: `'json'`, `'text'` or `'bytes'`, whatever the header `content-type` says.
 *
 * @example
 * app.broker.subscriber('console', { codec: 'text' }, (line) => { app.log.info(line) })
 */
export type CodecName = 'json' | 'text' | 'bytes'

/**
 * Codec of the value, or of each part. A part that is left out is inherited. A codec of keys needs `schema.key`, which
 * says what keys are; keys without a schema are bytes.
 *
 * @example
 * const codec: CodecOption = { value: 'json', key: 'json' }
 * app.broker.subscriber('shop.public.orders', { codec, schema: { key: KeySchema, value: OrderSchema } }, saveOrder)
 */
export type CodecOption = CodecName | Codec | {
  readonly value?: CodecName | Codec | undefined
  readonly key?: CodecName | Codec | undefined
}

/**
 * Decoder of values, around the codec: it replaces it, or calls it as `original`. It is not called for a tombstone.
 * Its errors count as those of {@link Codec.decode}. FastStream: `decoder`, `value_deserializer`; FastKafka: `decoder`.
 *
 * @param message the message, with the bytes of its value
 * @param original decodes as without this decoder: by the decoder of the level around, else by the codec, else by the
 *   header `content-type`. It takes other bytes; without any it decodes those of the message
 * @returns the value or a promise of it; a schema is checked afterwards
 * @example
 * const decoder: Decoder = async (message, original) => (await original() as { payload: unknown }).payload
 */
export type Decoder = (message: EncodedMessage<Buffer>, original: (bytes?: Uint8Array) => unknown) => unknown

/**
 * Parts of a message as a {@link Parser} returns them. A part that is left out stays as it is.
 *
 * @example
 * const parts: MessageParts = { value: body, headers: { ...message.headers, 'content-type': 'application/json' } }
 */
export interface MessageParts {
  /** Bytes of the value; `null` is a tombstone. */
  readonly value?: Uint8Array | null | undefined
  /** Bytes of the key. */
  readonly key?: Uint8Array | null | undefined
  /** All headers, in the place of those of the record. */
  readonly headers?: OutgoingHeaders | undefined
}

/**
 * Parser of records: finds value, key and headers in a record that has them elsewhere. It runs before everything is
 * decoded. `rawKey` and `rawHeaders` of the handler's message, its correlation id and its dead letter stay those of
 * the record. Its errors count as those of {@link Codec.decode}. FastStream: `parser`.
 *
 * @param message the record
 * @param original parses as without this parser: by the parser of the level around, else it takes the record as it is
 * @returns the parts, or a promise of them
 * @example
 * const parser: Parser = ({ rawValue, headers }) => ({
 *   value: rawValue?.subarray(16), headers: { ...headers, tenant: String(rawValue?.subarray(0, 16)) }
 * })
 */
export type Parser = (
  message: EncodedMessage, original: () => MessageParts | PromiseLike<MessageParts>
) => MessageParts | PromiseLike<MessageParts>
