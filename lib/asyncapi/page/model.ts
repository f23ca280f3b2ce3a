import { dictionary, isDictionary, lastSegment, list, Pointers, show, text, type Dictionary } from './json.js'

/* The document as the page shows it: references followed, names found, nothing undefined that is a list. */

export interface Model {
  readonly info: Dictionary
  /** Descriptions of tags by their names, in the order of the document. */
  readonly tags: ReadonlyMap<string, string | undefined>
  readonly servers: ReadonlyArray<{ readonly name: string, readonly server: Dictionary }>
  readonly operations: readonly Operation[]
  readonly schemas: ReadonlyArray<{ readonly name: string, readonly schema: unknown }>
  readonly pointers: Pointers
}

export interface Operation {
  readonly id: string
  readonly kind: Kind
  readonly title: string
  readonly description: string | undefined
  readonly tags: readonly string[]
  readonly deprecated: boolean
  readonly channel: Channel
  readonly groupId: string | undefined
  readonly clientId: string | undefined
  /** `x-kafka-consumer` */
  readonly consumer: Dictionary
  /** Channels to which the results of a subscriber are published. */
  readonly publishes: readonly Channel[]
  readonly messages: readonly Message[]
  readonly reply: { readonly address: string | undefined, readonly messages: readonly Message[] } | undefined
  /** Text that the search looks through, in lower case. */
  readonly haystack: string
}

/** Kind of an operation. Sending to a dead-letter topic has its own kind: it may be half of an app's operations. */
export type Kind = 'receive' | 'send' | 'dead-letter'

export interface Channel {
  readonly address: string
  /** False for the topics of a pattern. */
  readonly isOneTopic: boolean
  readonly title: string | undefined
  readonly description: string | undefined
  /** Names of the servers in the document. */
  readonly servers: readonly string[]
  /** Titles of the servers, as their boxes show them. */
  readonly clusters: readonly string[]
  /** Kafka binding of the channel. */
  readonly kafka: Dictionary
  readonly parameters: ReadonlyArray<{ readonly name: string, readonly parameter: Dictionary }>
}

export interface Message {
  readonly name: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly contentType: string | undefined
  readonly key: unknown
  readonly headers: unknown
  readonly payload: unknown
  /** Parts (`'key'`, `'headers'`, `'value'`) that have a schema without a known JSON Schema. */
  readonly unknown: readonly unknown[]
  readonly examples: readonly Dictionary[]
}

/** @throws Error for what is no AsyncAPI 3 document */
export function createModel (value: unknown): Model {
  if (!isDictionary(value) || !show(value.asyncapi).startsWith('3.')) throw new Error('It is no AsyncAPI 3 document.')
  const pointers = new Pointers(value)
  return {
    info: dictionary(value.info),
    tags: new Map(list(dictionary(value.info).tags).map((tag) => pointers.follow(tag)).flatMap(
      ({ name, description }) => typeof name === 'string' ? [[name, text(description)]] : []
    )),
    servers: entries(value.servers).map(([name, server]) => ({ name, server: pointers.follow(server) })),
    operations: entries(value.operations).map(([id, operation]) => operationOf(
      id, pointers.follow(operation), pointers
    )).sort(byTopic),
    schemas: entries(dictionary(value.components).schemas).map(([name, schema]) => ({ name, schema })),
    pointers
  }
}

const { compare } = new Intl.Collator('en', { numeric: true })

/** Sorts the operations so that all operations of a topic stand together. */
function byTopic (a: Operation, b: Operation): number {
  return compare(a.channel.address, b.channel.address) || compare(a.title, b.title)
}

function operationOf (id: string, operation: Dictionary, pointers: Pointers): Operation {
  const channel = pointers.follow(operation.channel)
  const { address, ...rest } = channelOf(channel, pointers)
  const { groupId, clientId } = kafkaOf(operation, pointers)
  const tags = list(operation.tags).flatMap((tag) => text(pointers.follow(tag).name) ?? [])
  const deprecated = operation['x-deprecated'] === true
  const messages = messagesOf(operation, channel, pointers)
  const title = text(operation.title) ?? rest.title ?? address
  const description = text(operation.description) ?? text(operation.summary)
  return {
    id,
    kind: kindOf(operation, channel, pointers),
    title,
    description,
    // A badge shows `deprecated` already.
    tags: tags.filter((tag) => !(deprecated && tag === 'deprecated') && tag !== 'dead-letter'),
    deprecated,
    channel: { address, ...rest },
    groupId: valuesOf(groupId),
    clientId: valuesOf(clientId),
    consumer: dictionary(operation['x-kafka-consumer']),
    publishes: list(operation['x-publishes']).map((result) => channelOf(pointers.follow(result), pointers)),
    messages,
    reply: replyOf(operation.reply, pointers),
    haystack: [
      id,
      title,
      description,
      address,
      valuesOf(groupId),
      ...tags,
      ...messages.flatMap(({ name, title }) => [name, title])
    ].join('\n').toLowerCase()
  }
}

/** Compares address and cluster: topics of two clusters may have the same name. */
export function isSameTopic (a: Channel, b: Channel): boolean {
  return a.address === b.address && a.servers.join() === b.servers.join()
}

function kindOf ({ action, tags }: Dictionary, channel: Dictionary, pointers: Pointers): Kind {
  if (action === 'receive') return 'receive'
  return [...list(tags), ...list(channel.tags)].some(
    (tag) => pointers.follow(tag).name === 'dead-letter'
  )
    ? 'dead-letter'
    : 'send'
}

function channelOf (channel: Dictionary, pointers: Pointers): Channel {
  const kafka = kafkaOf(channel, pointers)
  const servers = list(channel.servers).filter((server) => text(dictionary(server).$ref) !== undefined)
  const names = servers.map((server) => lastSegment(show(dictionary(server).$ref)))
  return {
    address: text(channel.address) ?? text(kafka.topic) ?? text(channel.title) ?? 'known at run time',
    isOneTopic: text(channel.address ?? kafka.topic) !== undefined && entries(channel.parameters).length === 0,
    title: text(channel.title),
    description: text(channel.description) ?? text(channel.summary),
    servers: names,
    clusters: servers.map((server, index) => text(pointers.follow(server).title) ?? show(names[index])),
    kafka,
    parameters: entries(channel.parameters).map(([name, parameter]) => ({
      name, parameter: pointers.follow(parameter)
    }))
  }
}

function replyOf (value: unknown, pointers: Pointers): Operation['reply'] {
  if (value === undefined) return undefined
  const reply = pointers.follow(value)
  const channel = pointers.follow(reply.channel)
  return {
    address: text(channel.address) ?? text(pointers.follow(reply.address).location),
    messages: messagesOf(reply, channel, pointers)
  }
}

/** An operation that names no message is about all messages of its channel. */
function messagesOf ({ messages }: Dictionary, channel: Dictionary, pointers: Pointers): Message[] {
  const named = messages === undefined
    ? entries(channel.messages)
    : list(messages).map(
      (message) => [lastSegment(show(dictionary(message).$ref)), message] as const
    )
  return named.map(([id, value]) => {
    const message = pointers.follow(value)
    return {
      name: text(message.name) ?? id,
      title: text(message.title),
      description: text(message.description) ?? text(message.summary),
      contentType: text(message.contentType),
      key: kafkaOf(message, pointers).key,
      headers: message.headers,
      payload: schemaOf(message.payload),
      unknown: list(message['x-unknown-schemas']),
      examples: list(message.examples).filter(isDictionary)
    }
  })
}

/** Returns the schema, also that of a multi-format schema object. */
function schemaOf (value: unknown): unknown {
  return isDictionary(value) && 'schemaFormat' in value && 'schema' in value ? value.schema : value
}

function kafkaOf ({ bindings }: Dictionary, pointers: Pointers): Dictionary {
  return pointers.follow(pointers.follow(bindings).kafka)
}

/** Returns the values of a member of the Kafka binding that should be a schema, and may be text. */
function valuesOf (schema: unknown): string | undefined {
  const { enum: values, const: value } = dictionary(schema)
  return values === undefined && value === undefined ? text(schema) : show(values ?? value)
}

function entries (value: unknown): Array<[name: string, value: unknown]> {
  return Object.entries(dictionary(value))
}
