import { randomUUID } from 'node:crypto'
import { types } from 'node:util'
import type { Codec, EncodedMessage, EncodedValue } from '../../types/index.js'
import { FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_ENCODE } from '../errors.js'
import { membersOf } from '../members.js'
import { isObject, oneOf, onlyKnown } from '../options/assert.js'
import { isBytes, toBuffer } from './bytes.js'
import { BYTES_TYPE, decodeValue, JSON_TYPE } from './content-type.js'
import { parseJson, toJson } from './json.js'
import { isJsonType, parseMediaType } from './media-type.js'

/* CloudEvents 1.0 on Kafka: https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md */

/**
 * Options of {@link cloudEventsCodec}.
 *
 * @example
 * const options: CloudEventsOptions = { mode: 'structured' }
 */
export interface CloudEventsOptions {
  /**
   * Mode in which events are written: attributes as headers `ce_*` and the data as value, or the whole event as JSON.
   * Both are read.
   *
   * @default 'binary'
   */
  readonly mode?: 'binary' | 'structured' | undefined
}

const STRUCTURED_TYPE = 'application/cloudevents+json'
const ANY_FORMAT = 'application/cloudevents'
const NO_KEY = 'a CloudEvent is a value'
const PREFIX = 'ce_'
const ATTRIBUTE = /^[a-z0-9]+$/
const REQUIRED = ['specversion', 'id', 'source', 'type'] as const

type Event = Readonly<Record<string, unknown>>

/**
 * Codec of CloudEvents 1.0. The value is the event as in JSON: `{ id, source, type, …, data }`, also for a schema.
 * `specversion` and `id` are added to what is published without them. An event without `data` is, in binary mode, a
 * record without a value: a tombstone.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
 * @example
 * const codec = cloudEventsCodec()
 * const schema = { value: Type.Object({ type: Type.Literal('order.placed'), data: OrderSchema }) }
 * app.broker.subscriber('orders', { codec, schema }, async ({ data }) => { await save(data) })
 */
export function cloudEventsCodec (options: CloudEventsOptions = {}): Codec {
  onlyKnown('', options, ['mode'])
  const { mode = 'binary' } = options
  oneOf('mode', mode, ['binary', 'structured'])
  return Object.freeze<Codec>({
    ...(mode === 'structured' && { contentType: STRUCTURED_TYPE }),
    decode (bytes, message, part) {
      if (part === 'key') throw new FASTSTREAM_ERR_DECODE(part, NO_KEY)
      const type = message.headers['content-type']
      const { essence } = parseMediaType(type ?? '')
      if (!essence.startsWith(ANY_FORMAT)) return withData(attributesOf(message), decodeValue(bytes, type))
      if (essence === STRUCTURED_TYPE) return readStructured(parseJson(bytes, part))
      throw refused(`the event format '${essence}' is not known`)
    },
    encode (value, topic, part) {
      if (part === 'key') throw new FASTSTREAM_ERR_ENCODE(part, topic, NO_KEY)
      const [attributes, data] = partsOf(value, topic)
      return mode === 'binary' ? writeBinary(attributes, data, topic) : writeStructured(attributes, data, topic)
    },
    tombstone: (message) => message.headers.ce_specversion === undefined ? null : attributesOf(message)
  })
}

/** Attributes of an event in binary mode. */
function attributesOf ({ headers }: EncodedMessage): Event {
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]) => [name.slice(PREFIX.length), value] as const)
    .filter(([name]) => ATTRIBUTE.test(name) && name !== 'data')
  const { 'content-type': datacontenttype } = headers
  const event: Event = Object.fromEntries(attributes)
  return checked(datacontenttype === undefined ? event : Object.assign(event, { datacontenttype }))
}

/** A member that is null is as if absent, except for the data. */
function readStructured (json: unknown): Event {
  if (!isObject(json)) throw refused('it is no CloudEvent, which is an object')
  const { data_base64: base64, ...rest } = membersOf(json)
  const event = Object.fromEntries(Object.entries(rest).filter(([name, value]) => value !== null || name === 'data'))
  return checked(typeof base64 === 'string' ? withData(event, Buffer.from(base64, 'base64')) : event)
}

function checked (event: Event): Event {
  const missing = REQUIRED.find((name) => typeof event[name] !== 'string' || event[name] === '')
  if (missing !== undefined) throw refused(`it is no CloudEvent: it has no attribute '${missing}'`)
  return event
}

/** Assigned: Node.js 20 needs 2 µs for a literal that spreads an object and adds a member. */
function withData (event: Event, data: unknown): Event {
  return Object.assign(event, { data })
}

function refused (reason: string): Error {
  return new FASTSTREAM_ERR_DECODE('value', reason)
}

/** Attributes as texts, numbers and booleans, and the data; with the attributes that may be left out. */
function partsOf (value: unknown, topic: string): [attributes: Map<string, string | number | boolean>, data: unknown] {
  if (!isObject(value)) throw unwritable(topic, 'a CloudEvent is an object')
  const { data, ...given } = membersOf(value)
  const attributes = new Map<string, string | number | boolean>([['specversion', '1.0'], ['id', randomUUID()]])
  for (const [name, attribute] of Object.entries(given)) {
    if (attribute === undefined || attribute === null) continue
    if (!ATTRIBUTE.test(name)) throw unwritable(topic, `attribute '${name}' must be of the letters a-z and digits`)
    attributes.set(name, attributeOf(name, attribute, topic))
  }
  const missing = REQUIRED.find((name) => typeof attributes.get(name) !== 'string' || attributes.get(name) === '')
  if (missing !== undefined) throw unwritable(topic, `a CloudEvent needs the attribute '${missing}'`)
  return [attributes, data]
}

function attributeOf (name: string, value: unknown, topic: string): string | number | boolean {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isInteger(value)) return value
  if (types.isDate(value) && !Number.isNaN(value.getTime())) return value.toISOString()
  if (isBytes(value)) return toBuffer(value).toString('base64')
  throw unwritable(topic, `attribute '${name}' must be text, a whole number, a boolean, a Date or bytes`)
}

function writeBinary (attributes: Map<string, unknown>, data: unknown, topic: string): EncodedValue {
  const type = attributes.get('datacontenttype')
  attributes.delete('datacontenttype')
  const headers = Object.fromEntries([...attributes].map(([name, value]) => [PREFIX + name, String(value)]))
  return Object.assign(encodeData(data, type === undefined ? undefined : String(type), topic), { headers })
}

function encodeData (data: unknown, contentType: string | undefined, topic: string): EncodedValue {
  if (data === undefined) return { bytes: null, contentType }
  if (isBytes(data)) return { bytes: toBuffer(data), contentType: contentType ?? BYTES_TYPE }
  if (isJson(contentType)) return { bytes: toJson(data, 'value', topic), contentType: contentType ?? JSON_TYPE }
  return { bytes: textOf(data, contentType, topic), contentType }
}

function writeStructured (attributes: Map<string, unknown>, data: unknown, topic: string): string {
  const type = attributes.get('datacontenttype')
  const contentType = type === undefined ? undefined : String(type)
  const event = Object.fromEntries(attributes)
  if (data === undefined) return toJson(event, 'value', topic)
  if (isBytes(data)) {
    return toJson(Object.assign(event, { data_base64: toBuffer(data).toString('base64') }), 'value', topic)
  }
  return toJson(withData(event, isJson(contentType) ? data : textOf(data, contentType, topic)), 'value', topic)
}

function isJson (contentType: string | undefined): boolean {
  return contentType === undefined || isJsonType(parseMediaType(contentType).essence)
}

function textOf (data: unknown, contentType: string | undefined, topic: string): string {
  if (typeof data === 'string') return data
  throw unwritable(topic, `data that is written as '${contentType}' must be text or bytes`)
}

function unwritable (topic: string, reason: string): Error {
  return new FASTSTREAM_ERR_ENCODE('value', topic, reason)
}
