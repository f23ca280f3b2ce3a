import type { UnvalidatedMessage } from '../../types/index.js'
import { FASTSTREAM_ERR_DECODE } from '../errors.js'
import type { ConsumedRecord, RawHeader } from '../transport/transport.js'
import { checkSize } from './decode.js'
import { decodeValueOf } from './decode-value.js'
import { decodeHeaders } from './headers.js'
import { dateOf } from './timestamp.js'

interface Arrival {
  readonly topic: string
  readonly partition: number
  readonly record: ConsumedRecord
}

export interface ArrivalRules {
  /** Bytes; the value of a larger message is not decoded. */
  readonly bodyLimit: number
  /** Whether a codec of the app decodes values, which may take its time. */
  readonly hasCodecs: boolean
}

const CODEC = "it has a codec, and 'by' and 'filter' are asked before it: let them read headers or key"

/** Message for which a subscriber is looked for. What is not read of it is not decoded. */
export class ArrivedMessage implements UnvalidatedMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly #record: ConsumedRecord
  readonly #rules: ArrivalRules
  #headers: Readonly<Record<string, string>> | undefined
  #decoded: { readonly value: unknown } | undefined

  constructor ({ topic, partition, record }: Arrival, rules: ArrivalRules) {
    this.topic = topic
    this.partition = partition
    this.offset = record.offset
    this.#record = record
    this.#rules = rules
  }

  get timestamp (): Date | undefined {
    return dateOf(this.#record.timestamp)
  }

  get key (): Buffer | null {
    return this.#record.key
  }

  get rawHeaders (): readonly RawHeader[] {
    return this.#record.headers
  }

  get headers (): Readonly<Record<string, string>> {
    this.#headers ??= decodeHeaders(this.rawHeaders)
    return this.#headers
  }

  get value (): unknown {
    this.#decoded ??= { value: this.#decode() }
    return this.#decoded.value
  }

  /** The value, if it was read: it need not be decoded again. */
  static decodedOf (message: ArrivedMessage): { readonly value: unknown } | undefined {
    return message.#decoded
  }

  #decode (): unknown {
    const record = this.#record
    if (this.#rules.hasCodecs) throw new FASTSTREAM_ERR_DECODE('value', CODEC)
    checkSize(record.size, this.#rules.bodyLimit)
    return decodeValueOf(record)
  }
}
