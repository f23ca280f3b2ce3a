import type { AsyncapiObject, AsyncapiOperation } from '../../../types/asyncapi.js'
import type { Channel, Channels } from './channels.js'
import { DEAD_LETTER } from './dead-letters.js'
import type { Described, DescribedPublisher, DescribedSubscriber, Party } from './description.js'
import { BINDING, fingerprintOf, kindOf, partsOf, unite, type MessageParts, type Messages } from './messages.js'
import { byName, compare, Names, pascalCase, toName } from './names.js'
import type { Reference } from '../schema/components.js'
import type { CustomConversion } from '../schema/json-schema.js'
import { REPLY_ADDRESS, replyOf } from './replies.js'

type Declared = { readonly subscriber: DescribedSubscriber } | { readonly publisher: DescribedPublisher }

/** One subscriber or publisher at one topic, before anything has its name. */
interface Entry {
  readonly broker: Described
  readonly topic: string
  readonly parts: MessageParts
  /** The message that answers it. */
  readonly reply: MessageParts | undefined
  readonly subscriber?: DescribedSubscriber
  readonly publisher?: DescribedPublisher
  /** Names are given in this order, so that the order of declarations does not matter. */
  readonly order: string
}

/** Subscriber, publisher or dead-letter topic that an operation of the document describes. */
export interface Origin extends Omit<AsyncapiOperation, 'id'> {
  /** All that are this one operation; none where the plugin itself sends dead letters. */
  readonly parties: Party[]
}

/** Operations of the app: it receives for each subscriber, and sends for each publisher and dead-letter topic. */
export class Operations {
  readonly #channels: Channels
  readonly #messages: Messages
  readonly #brokers: ReadonlyMap<string, Described>
  readonly #names = new Names()
  /** Parts of the messages of each channel. */
  readonly #kinds = new Map<Channel, MessageParts[]>()
  readonly #operations = new Map<string, AsyncapiObject>()
  readonly origins = new Map<string, Origin>()
  /** Schemas without a known JSON Schema, with the reason. */
  readonly unknownSchemas = new Set<string>()

  constructor (
    brokers: readonly Described[], channels: Channels, messages: Messages, custom: CustomConversion | undefined
  ) {
    this.#channels = channels
    this.#messages = messages
    this.#brokers = new Map(brokers.map((broker) => [broker.name, broker]))
    const entries = brokers.flatMap((broker) => entriesOf(broker, custom)).sort((a, b) => compare(a.order, b.order))
    for (const { broker, topic, parts, reply } of entries) {
      const channel = channels.of(broker, topic)
      this.#kinds.set(channel, unite(this.#kinds.get(channel) ?? [], parts))
      for (const { part, reason } of parts.unknown) this.unknownSchemas.add(`${part} of '${topic}': ${reason}`)
      for (const { reason } of reply?.unknown ?? []) this.unknownSchemas.add(`reply of '${topic}': ${reason}`)
    }
    for (const broker of brokers) this.#sendDeadLetters(broker)
    for (const entry of entries) this.#add(entry)
    for (const channel of channels) {
      // The subscribers take anything, and no declaration describes the messages.
      if (channel.messages.size === 0) channel.messages.add(messages.add(anyMessage(pascalCase(channel.id))))
    }
  }

  write (): Record<string, AsyncapiObject> {
    return byName(this.#operations)
  }

  #add ({ broker, topic, parts, reply, subscriber, publisher }: Entry): void {
    const channel = this.#channels.of(broker, topic)
    const party = (subscriber ?? publisher) as DescribedSubscriber | DescribedPublisher
    const { about, schema } = party
    const { reply: _, ...received } = schema ?? {}
    // Without `messages` an operation is about its whole channel: a subscriber without schemas takes all messages.
    const isPlain = Object.keys(received).length === 0 && about.examples.length === 0
    const takesAll = subscriber !== undefined && subscriber.type === undefined && isPlain
    const messages = takesAll ? undefined : [this.#message(channel, parts)]
    const { name, topics = [] } = subscriber ?? {}
    const handler = name === undefined ? undefined : toName(name) + (topics.length > 1 ? pascalCase(channel.id) : '')
    const action = subscriber === undefined ? 'send' : 'receive'
    const id = this.#put(handler ?? action + pascalCase(channel.id), {
      action,
      channel: channel.reference,
      title: about.title,
      description: about.description,
      tags: tags(about.deprecated ? [...about.tags, 'deprecated'] : about.tags),
      messages,
      reply: reply && this.#reply(broker, reply, subscriber === undefined),
      bindings: binding(broker, subscriber?.groupId),
      'x-kafka-consumer': subscriber && consumerOf(subscriber, topic),
      'x-publishes': subscriber && this.#resultsOf(subscriber),
      'x-deprecated': about.deprecated || undefined
    })
    this.#originOf(id, action, channel).parties.push(party)
  }

  /** What answers an operation: in the app's own reply topic, or where the sender wants it. */
  #reply (broker: Described, parts: MessageParts, isOwn: boolean): AsyncapiObject {
    const channel = isOwn ? this.#channels.of(broker, broker.replyTopic) : this.#channels.answers(broker)
    const name = this.#messages.add(parts)
    channel.messages.add(name)
    return {
      address: isOwn ? undefined : REPLY_ADDRESS,
      channel: channel.reference,
      messages: [channel.messageReference(name)]
    }
  }

  /** The channels that the results of a subscriber are published to. */
  #resultsOf ({ results }: DescribedSubscriber): Reference[] | undefined {
    const channels = results.flatMap(({ broker, topic }) => {
      const described = this.#brokers.get(broker)
      // A publisher may belong to another app, whose topics are in its own document.
      return described === undefined ? [] : this.#channels.of(described, topic)
    })
    return channels.length === 0 ? undefined : [...new Set(channels)].map(({ reference }) => reference)
  }

  #message (channel: Channel, parts: MessageParts): { $ref: string } {
    const kind = kindOf(this.#kinds.get(channel) as MessageParts[], parts)
    const name = this.#messages.add({ ...kind as MessageParts, examples: parts.examples })
    channel.messages.add(name)
    return channel.messageReference(name)
  }

  #sendDeadLetters (broker: Described): void {
    const origins = new Map<string, Set<string>>()
    for (const subscriber of broker.subscribers) {
      for (const topic of subscriber.topics) {
        const deadLetters = subscriber.deadLetterTopic(topic)
        if (deadLetters === undefined) continue
        const known = origins.get(deadLetters) ?? new Set()
        origins.set(deadLetters, known.add(topic))
      }
    }
    for (const [topic, from] of [...origins].sort(([a], [b]) => compare(a, b))) {
      const channel = this.#channels.of(broker, topic)
      const name = this.#messages.put('DeadLetter', DEAD_LETTER)
      channel.messages.add(name)
      channel.takesDeadLetters = true
      const id = this.#put(`send${pascalCase(channel.id)}`, {
        action: 'send',
        channel: channel.reference,
        title: `Dead letters of ${[...from].sort(compare).join(', ')}`,
        tags: tags(['dead-letter']),
        messages: [channel.messageReference(name)],
        bindings: binding(broker)
      })
      this.#originOf(id, 'send', channel)
    }
  }

  /** Publishers in several scopes that say the same are one operation. */
  #put (wanted: string, operation: AsyncapiObject): string {
    const id = this.#names.give(wanted, JSON.stringify(operation))
    this.#operations.set(id, operation)
    return id
  }

  #originOf (id: string, action: Origin['action'], { topic, broker }: Channel): Origin {
    const origin = this.origins.get(id) ?? { action, topic, broker: broker.name, parties: [] }
    this.origins.set(id, origin)
    return origin
  }
}

function anyMessage (name: string): MessageParts {
  return {
    name,
    value: undefined,
    key: undefined,
    headers: undefined,
    unknown: [],
    contentType: undefined,
    examples: []
  }
}

function entriesOf (broker: Described, custom: CustomConversion | undefined): Entry[] {
  // The names of the default broker's operations and messages do not depend on other brokers.
  const first = broker.name === 'default' ? '' : broker.name
  const entry = (topic: string, party: Declared): Entry => {
    const declared = 'subscriber' in party ? party.subscriber : party.publisher
    const { about, groupId, name, ...rest } = { groupId: undefined, name: undefined, ...declared }
    const parts = partsOf({ ...rest, about } as DescribedSubscriber, topic, custom)
    const consumer = 'subscriber' in party && {
      ...consumerOf(party.subscriber, topic),
      results: party.subscriber.results
    }
    const reply = replyOf(declared, topic, custom)
    const prints = [parts, ...reply === undefined ? [] : [reply]].map(fingerprintOf)
    const order = [first, topic, Object.keys(party), groupId, name, ...prints, about, consumer]
    return { broker, topic, parts, reply, ...party, order: JSON.stringify(order) }
  }
  return [
    ...broker.subscribers.flatMap((subscriber) => subscriber.topics.map((topic) => entry(topic, { subscriber }))),
    ...broker.publishers.map((publisher) => entry(publisher.topic, { publisher }))
  ]
}

function consumerOf (subscriber: DescribedSubscriber, topic: string): AsyncapiObject {
  const { type, ackPolicy, ordering, partitions, retries, deadLetterTopic } = subscriber
  return { type, ackPolicy, ordering, partitions, retries, deadLetterTopic: deadLetterTopic(topic) }
}

function tags (names: readonly string[]): AsyncapiObject[] | undefined {
  return names.length === 0 ? undefined : [...new Set(names)].map((name) => ({ name }))
}

function binding ({ clientId }: Described, groupId?: string | null): AsyncapiObject {
  return {
    kafka: {
      groupId: typeof groupId === 'string' ? exactly(groupId) : undefined,
      clientId: exactly(clientId),
      ...BINDING
    }
  }
}

/** The schema of a text with one possible value: the binding asks for schemas. */
function exactly (value: string): AsyncapiObject {
  return { type: 'string', enum: [value] }
}
