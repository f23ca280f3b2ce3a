import type { AsyncapiObject } from '../../../types/asyncapi.js'
import type { Described } from './description.js'
import { PLACEHOLDER } from '../../options/topic-pattern.js'
import { isTopic } from '../../transport/topic-partition.js'
import { BINDING } from './messages.js'
import { byName, Names, qualify, toKey } from './names.js'
import type { Reference } from '../schema/components.js'
import type { Servers } from './servers.js'

/** One topic of one cluster, or the topics of a pattern. */
export class Channel {
  readonly id: string
  readonly topic: string
  /** Null: each message names another topic. */
  readonly address: string | null
  readonly broker: Described
  readonly messages = new Set<string>()
  takesDeadLetters = false

  constructor (id: string, topic: string, broker: Described, address: string | null) {
    this.id = id
    this.topic = topic
    this.address = address
    this.broker = broker
  }

  get reference (): Reference {
    return { $ref: `#/channels/${this.id}` }
  }

  messageReference (name: string): Reference {
    return { $ref: `#/channels/${this.id}/messages/${name}` }
  }
}

/** A channel per topic. Its id is the topic, preceded by the broker's name for each broker but the default one. */
export class Channels {
  readonly #names = new Names()
  readonly #channels = new Map<string, Channel>()

  of (broker: Described, topic: string): Channel {
    return this.#channel(broker, topic, topic)
  }

  /** The channel of what the app answers, whose topics only the messages know. */
  answers (broker: Described): Channel {
    return this.#channel(broker, 'replies', null)
  }

  #channel (broker: Described, name: string, address: string | null): Channel {
    const identity = JSON.stringify([broker.name, address])
    const known = this.#channels.get(identity)
    if (known !== undefined) return known
    const key = isTopic(name) ? name : toKey(name)
    const id = this.#names.give(broker.name === 'default' ? key : qualify(broker.name, key), identity)
    const channel = new Channel(id, name, broker, address)
    this.#channels.set(identity, channel)
    return channel
  }

  [Symbol.iterator] (): Iterator<Channel> {
    return this.#channels.values()
  }

  write (servers: Servers): Record<string, AsyncapiObject> {
    return byName([...this].map((channel) => [channel.id, write(channel, servers)]))
  }
}

function write ({ topic, address, broker, messages, takesDeadLetters }: Channel, servers: Servers): AsyncapiObject {
  const isOne = address !== null && isTopic(topic)
  // The app creates no topic that a pattern finds.
  const { partitions, replicas = -1 } = isOne ? broker.topicConfig ?? {} : {}
  // A placeholder stands between braces, which the text of a RegExp may have, too; only that has a slash.
  const isRegExp = topic.includes('/')
  const parameters = isRegExp ? [] : [...topic.matchAll(PLACEHOLDER)].map(([, name = '']) => [name, {}])
  return {
    address: isRegExp ? null : address,
    title: isRegExp ? topic : undefined,
    parameters: parameters.length > 0 ? Object.fromEntries(parameters) : undefined,
    servers: servers.refer(broker),
    messages: byName([...messages].map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    tags: takesDeadLetters ? [{ name: 'dead-letter' }] : undefined,
    // Without a number of its own a topic has as many replicas as the cluster likes.
    bindings: {
      kafka: {
        topic: isOne ? topic : undefined,
        partitions,
        replicas: replicas > 0 ? replicas : undefined,
        ...BINDING
      }
    }
  }
}
