import type { AsyncapiObject, MessageExample } from '../../../types/asyncapi.js'
import { FASTSTREAM_ERR_SCHEMA_BUILD } from '../../errors.js'
import { codecOf } from '../../codec/named.js'
import type { DescribedPublisher, DescribedSubscriber } from './description.js'
import { byName, Names, pascalCase, withSuffix } from './names.js'
import { Components } from '../schema/components.js'
import { define, type Definition } from '../schema/definition.js'
import { jsonSchemaOf, type CustomConversion } from '../schema/json-schema.js'
import { isSchema } from '../schema/keywords.js'
import { toError } from '../../to-error.js'

/** Version of the Kafka bindings of AsyncAPI. */
export const BINDING = { bindingVersion: '0.5.0' }
export const CORRELATION_IDS = {
  correlation_id: {
    description: 'Goes on from a request or message to what it publishes',
    location: '$message.header#/correlation_id'
  }
}
export const CORRELATION_ID = { $ref: '#/components/correlationIds/correlation_id' }

export interface UnknownSchema {
  readonly part: 'value' | 'key' | 'headers'
  readonly reason: string
}

/** One kind of message, before anything has its name. */
export interface MessageParts {
  readonly name: string
  readonly value: Definition | undefined
  readonly key: Definition | undefined
  readonly headers: Definition | undefined
  /** Schemas that are declared, and have no JSON Schema that is known. */
  readonly unknown: readonly UnknownSchema[]
  readonly contentType: string | undefined
  readonly examples: readonly MessageExample[]
}

/**
 * The parts of a subscriber's or publisher's messages. Their type, or the topic, gives a name to schemas that have
 * none.
 */
export function partsOf (
  { schema = {}, codec, references, about, ...party }: DescribedPublisher | DescribedSubscriber,
  topic: string,
  custom: CustomConversion | undefined
): MessageParts {
  const name = pascalCase('type' in party ? party.type ?? topic : topic)
  const unknown: UnknownSchema[] = []
  const part = (what: UnknownSchema['part'], otherwise: string): Definition | undefined => {
    if (schema[what] === undefined) return undefined
    try {
      const found = jsonSchemaOf(schema[what], custom)
      if ('schema' in found) return define(found.schema, references, withSuffix(name, otherwise))
      unknown.push({ part: what, reason: found.reason })
    } catch (cause) {
      throw new FASTSTREAM_ERR_SCHEMA_BUILD(what, topic, toError(cause).message, { cause })
    }
  }
  const [value, key, headers] = [part('value', 'Payload'), part('key', 'Key'), part('headers', 'Headers')]
  return {
    name: value?.named === true ? value.name : name,
    value,
    key,
    headers,
    unknown,
    contentType: contentTypeOf(schema.value, codec),
    examples: about.examples
  }
}

/** A text that is equal for two messages with equal parts, publishers and subscribers alike. */
export function fingerprintOf ({ value, key, headers, contentType, unknown }: MessageParts): string {
  return [value, key, headers].map((part) => part?.fingerprint).concat(contentType, namesOf(unknown)).join('\n\n')
}

/**
 * Adds a message of a topic to its kinds. A declaration without a schema of key or headers says nothing about them:
 * messages with one value are one kind, unless their keys or headers contradict each other.
 */
export function unite (kinds: readonly MessageParts[], parts: MessageParts): MessageParts[] {
  const known = kindOf(kinds, parts)
  if (known === undefined) return [...kinds, parts]
  const united = {
    ...known,
    key: known.key ?? parts.key,
    headers: known.headers ?? parts.headers,
    contentType: known.contentType ?? parts.contentType,
    unknown: [...known.unknown, ...parts.unknown]
  }
  return kinds.map((kind) => kind === known ? united : kind)
}

export function kindOf (kinds: readonly MessageParts[], parts: MessageParts): MessageParts | undefined {
  return kinds.find((kind) => {
    const { contentType = parts.contentType } = kind
    return valueOf(kind) === valueOf(parts) && contentType === (parts.contentType ?? contentType) &&
      agree(kind.key, parts.key) && agree(kind.headers, parts.headers)
  })
}

/** A value whose schema is not known is another one than a value without a schema. */
function valueOf ({ value, unknown }: MessageParts): string | undefined {
  return value?.fingerprint ?? unknown.find(({ part }) => part === 'value')?.part
}

/** The parts, each once and in one order. */
function namesOf (unknown: readonly UnknownSchema[]): string[] {
  return [...new Set(unknown.map(({ part }) => part))].sort()
}

function agree (a: Definition | undefined, b: Definition | undefined): boolean {
  return a === undefined || b === undefined || a.fingerprint === b.fingerprint
}

/** Returns the content type: that of the codec; else a value with a schema is JSON, and one without may be anything. */
function contentTypeOf (schema: unknown, codec: DescribedPublisher['codec']): string | undefined {
  if (codec !== undefined) return codecOf(codec)?.contentType
  if (schema === undefined) return undefined
  return isSchema(schema) && schema.type === 'Uint8Array' ? 'application/octet-stream' : 'application/json'
}

interface MessageEntry {
  readonly body: AsyncapiObject
  readonly examples: Map<string, AsyncapiObject>
}

/** `components.messages` with `components.schemas`: what channels and operations refer to. */
export class Messages {
  readonly components = new Components()
  readonly #names = new Names()
  readonly #messages = new Map<string, MessageEntry>()

  /** @returns its name, which is that of an equal message if there is one */
  add ({ name, value, key, headers, unknown, contentType, examples }: MessageParts): string {
    const unknownSchemas = namesOf(unknown)
    return this.put(name, {
      title: isSchema(value?.body) ? value.body.title : undefined,
      contentType,
      headers: headers && this.#headers(headers),
      correlationId: CORRELATION_ID,
      payload: value && this.components.refer(value),
      bindings: key && { kafka: { key: this.#key(key), ...BINDING } },
      'x-unknown-schemas': unknownSchemas.length > 0 ? unknownSchemas : undefined
    }, examples)
  }

  put (wanted: string, body: AsyncapiObject, examples: readonly MessageExample[] = []): string {
    const name = this.#names.give(wanted, JSON.stringify(body))
    const message = this.#messages.get(name) ?? { body: { name, ...body }, examples: new Map() }
    this.#messages.set(name, message)
    for (const { name, summary, value, headers } of examples) {
      const example = { name, summary, headers, payload: value }
      message.examples.set(JSON.stringify(example), example)
    }
    return name
  }

  get empty (): boolean {
    return this.#messages.size === 0
  }

  get messages (): Record<string, AsyncapiObject> {
    return byName([...this.#messages].map(([name, { body, examples }]) => {
      return [name, { ...body, ...(examples.size > 0 && { examples: [...examples.values()] }) }]
    }))
  }

  /** Wraps a bare reference, which is not valid there: AsyncAPI's own schema takes it for two things at once. */
  #key (key: Definition): unknown {
    const schema = this.components.inline(key)
    return isSchema(schema) && '$ref' in schema ? { allOf: [schema] } : schema
  }

  /** They must be known for an object at first sight. */
  #headers (headers: Definition): unknown {
    const schema = this.components.inline(headers)
    return isSchema(headers.body) && headers.body.type === 'object' ? schema : { type: 'object', allOf: [schema] }
  }
}
