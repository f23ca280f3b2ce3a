import type { DeadLetterSelection } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { integer, isObject, list, onlyKnown, text } from '../options/assert.js'
import { topicPartitionName } from '../transport/topic-partition.js'
import type { TopicPartitionOffset } from '../transport/transport.js'
import type { Letter } from './letter.js'

const TEXTS = ['topic', 'deadLetterTopic', 'group', 'subscriber', 'stage', 'error', 'code'] as const
/** The options that select letters. */
export const SELECTING: readonly string[] = [...TEXTS, 'key', 'since', 'until', 'letters']

/** Which letters are meant. */
export class Selection {
  readonly #given: DeadLetterSelection
  readonly #key: Buffer | undefined
  /** The wanted offsets of each partition. */
  readonly #places: ReadonlyMap<string, ReadonlySet<bigint>> | undefined

  /** @throws FASTSTREAM_ERR_INVALID_OPTION */
  constructor (given: DeadLetterSelection) {
    for (const name of TEXTS) if (given[name] !== undefined) text(name, given[name])
    checkTime('since', given.since)
    checkTime('until', given.until)
    this.#given = given
    this.#key = keyOf(given.key)
    this.#places = given.letters && placesOf(given.letters)
  }

  /** The dead-letter topics to look at, of those that the app has. */
  topics (all: readonly string[]): readonly string[] {
    const { deadLetterTopic } = this.#given
    if (deadLetterTopic === undefined) return all
    if (all.includes(deadLetterTopic)) return [deadLetterTopic]
    const cure = `must be a dead-letter topic of the app: ${all.join(', ') || 'it has none'}`
    throw new FASTSTREAM_ERR_INVALID_OPTION('deadLetterTopic', cure)
  }

  /** Whether a partition may hold wanted letters before `end`; returns where the last of them can be. */
  endOf (at: TopicPartitionOffset): bigint {
    if (this.#places === undefined) return at.offset
    const places = [...this.#places.get(topicPartitionName(at)) ?? []]
    const last = places.reduce((last, each) => each > last ? each : last, -1n)
    return last + 1n < at.offset ? last + 1n : at.offset
  }

  takes (letter: Letter): boolean {
    const { topic, group, subscriber, stage, error, code, since, until } = this.#given
    const { deadLetter, timestamp, rawKey, offset } = letter
    return (this.#places === undefined || this.#places.get(topicPartitionName(letter))?.has(offset) === true) &&
      isOr(topic, deadLetter?.topic) && isOr(group, deadLetter?.groupId) && isOr(subscriber, deadLetter?.subscriber) &&
      isOr(stage, deadLetter?.stage) && isOr(error, deadLetter?.error.name) && isOr(code, deadLetter?.error.code) &&
      (this.#key === undefined || rawKey?.equals(this.#key) === true) &&
      (since === undefined || (timestamp !== undefined && timestamp >= since)) &&
      (until === undefined || (timestamp !== undefined && timestamp < until))
  }

  /** For the log: neither the key nor every place. */
  get shown (): object {
    const { key, letters, ...shown } = this.#given
    return { ...shown, ...key !== undefined && { key: 'given' }, ...letters && { letters: letters.length } }
  }
}

function isOr (wanted: string | undefined, actual: string | undefined): boolean {
  return wanted === undefined || wanted === actual
}

function checkTime (option: string, time: Date | undefined): void {
  if (time === undefined || (time instanceof Date && !Number.isNaN(time.getTime()))) return
  throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be a Date')
}

function keyOf (key: unknown): Buffer | undefined {
  if (key === undefined || Buffer.isBuffer(key)) return key
  if (typeof key === 'string') return Buffer.from(key)
  throw new FASTSTREAM_ERR_INVALID_OPTION('key', 'must be a string or a Buffer')
}

function placesOf (letters: readonly TopicPartitionOffset[]): ReadonlyMap<string, ReadonlySet<bigint>> {
  list('letters', letters)
  const places = new Map<string, Set<bigint>>()
  for (const letter of letters) {
    const name = topicPartitionName(placeOf('letters', letter))
    places.set(name, (places.get(name) ?? new Set()).add(letter.offset))
  }
  return places
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION for what is no place */
export function placeOf (option: string, place: TopicPartitionOffset): TopicPartitionOffset {
  if (!isObject(place)) onlyKnown(`${option}.`, place, [])
  const { topic, partition, offset } = place
  text(`${option}.topic`, topic)
  integer(`${option}.partition`, partition, 0)
  if (typeof offset !== 'bigint' || offset < 0n) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.offset`, 'must be a bigint of at least 0')
  }
  return { topic, partition, offset }
}
