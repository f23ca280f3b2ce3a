import { inspect } from 'node:util'
import type { DeadLetter, DeadLetterEntry } from '../../types/index.js'
import { dateOf } from '../message/timestamp.js'
import { inspected, type InspectStyle } from '../shown.js'
import type { ConsumedRecord, RawHeader, TopicPartitionOffset } from '../transport/transport.js'
import { readLetter, type ReadLetter } from './dialects.js'

const NO_HEADERS: readonly RawHeader[] = []

/** A record of a dead-letter topic, whatever it holds. */
export class Letter implements DeadLetterEntry {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly state: 'open' | 'done'
  readonly timestamp: Date | undefined
  readonly deadLetter: DeadLetter | undefined
  readonly dialect: string | undefined
  readonly trips: number
  readonly rawKey: Buffer | null
  readonly rawValue: Buffer | null
  readonly rawHeaders: readonly RawHeader[]
  readonly damaged: boolean
  /** Headers of the message, without those of the dead letter. */
  readonly #messageHeaders: readonly RawHeader[]
  readonly #record: ConsumedRecord | undefined

  /** `record`: undefined where the batch is damaged. */
  constructor (
    { topic, partition, offset }: TopicPartitionOffset, record: ConsumedRecord | undefined, isDone: boolean
  ) {
    const { headers = NO_HEADERS, key = null, value = null, timestamp = -1 } = record ?? {}
    const read: Partial<ReadLetter> = readLetter(headers, key === null && value === null) ?? {}
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.state = isDone ? 'done' : 'open'
    this.timestamp = dateOf(timestamp)
    this.deadLetter = read.deadLetter
    this.dialect = read.dialect
    this.trips = read.deadLetter?.trips ?? 0
    this.rawKey = key
    this.rawValue = value
    this.rawHeaders = headers
    this.damaged = record === undefined
    this.#messageHeaders = read.messageHeaders ?? headers
    this.#record = record
  }

  static recordOf (letter: Letter): ConsumedRecord | undefined {
    return letter.#record
  }

  static messageHeadersOf (letter: Letter): readonly RawHeader[] {
    return letter.#messageHeaders
  }

  /** Offsets are text, and bytes are base64. */
  toJSON (): object {
    const { deadLetter, rawKey, rawValue, rawHeaders, offset } = this
    return {
      ...this,
      offset: String(offset),
      deadLetter: deadLetter && { ...deadLetter, offset: String(deadLetter.offset) },
      rawKey: base64(rawKey),
      rawValue: base64(rawValue),
      rawHeaders: headersAsJson(rawHeaders)
    }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    const { topic, partition, offset, state, deadLetter } = this
    return inspected('DeadLetterEntry', { topic, partition, offset, state, deadLetter }, depth, options, inspectWith)
  }
}

export function headersAsJson (headers: readonly RawHeader[]): ReadonlyArray<readonly [string, string | null]> {
  return headers.map(([name, value]) => [name, base64(value)] as const)
}

function base64 (bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString('base64')
}
