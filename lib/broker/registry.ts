import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_ALREADY_STARTED, FASTSTREAM_ERR_DUPLICATE_PUBLISHER, FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER, FASTSTREAM_ERR_GROUP_CLASH, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { ancestors } from '../scope.js'
import { DeclaredPublisher } from './publisher.js'
import type { DeclaredSubscriber } from './subscriber.js'

/** What is declared on one cluster while plugins load. What cannot go together is refused with the declaration that completes it. */
export class Registry {
  readonly subscribers: DeclaredSubscriber[] = []
  readonly publishers: DeclaredPublisher[] = []

  addSubscriber (subscriber: DeclaredSubscriber): void {
    this.#checkGroup(subscriber)
    this.#checkDeadLetters(subscriber)
    captureCompiler(subscriber, 'a subscriber', subscriber.topics.join(', '))
    this.subscribers.push(subscriber)
  }

  addPublisher (publisher: DeclaredPublisher): void {
    captureCompiler(publisher, 'a publisher', publisher.topic)
    this.publishers.push(publisher)
  }

  /** The publisher that a scope knows for a topic, its own before its parents'. */
  publisherOf (scope: FastifyInstance, topic: string): DeclaredPublisher | undefined {
    const known = this.publishers.filter((publisher) => publisher.topic === topic)
    for (const at of ancestors(scope)) {
      const [publisher, ...others] = known.filter((publisher) => publisher.scope === at)
      if (others.length > 0) throw new FASTSTREAM_ERR_DUPLICATE_PUBLISHER(topic)
      if (publisher !== undefined) return publisher
    }
    return undefined
  }

  /** Subscribers of one group are one client to Kafka: what is the client's they must agree on, and a message goes to one of them. */
  #checkGroup ({ groupId, topics, offsetReset }: DeclaredSubscriber): void {
    if (groupId === null) return
    for (const other of this.subscribers.filter((other) => other.groupId === groupId)) {
      const shared = topics.find((topic) => other.topics.includes(topic))
      if (shared !== undefined) throw new FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER(shared, groupId)
      if (other.offsetReset !== offsetReset) throw new FASTSTREAM_ERR_GROUP_CLASH(groupId, 'offsetReset', other.topics.join(', '))
    }
  }

  /** A message that comes back to the subscriber which cannot handle it would do so for ever. */
  #checkDeadLetters (subscriber: DeclaredSubscriber): void {
    const subscribers = [...this.subscribers, subscriber]
    for (const topic of subscriber.topics) {
      const path = pathBack(topic, subscribers)
      if (path !== undefined) throw new FASTSTREAM_ERR_INVALID_OPTION('deadLetter.topic', `must not lead back to '${topic}' (${path.join(' → ')}): name another one, or write deadLetter: false`)
    }
  }
}

/** The way of a dead letter of `topic` to `topic` again, if there is one. */
function pathBack (topic: string, subscribers: readonly DeclaredSubscriber[]): string[] | undefined {
  const paths = [[topic]]
  const seen = new Set<string>()
  for (const path of paths) {
    for (const next of deadLettersOf(path.at(-1) as string, subscribers)) {
      if (next === topic) return [...path, next]
      if (!seen.has(next)) paths.push([...path, next])
      seen.add(next)
    }
  }
  return undefined
}

function deadLettersOf (topic: string, subscribers: readonly DeclaredSubscriber[]): string[] {
  return subscribers.filter(({ topics }) => topics.includes(topic)).map((subscriber) => subscriber.deadLetterTopic(topic)).filter((letter) => letter !== undefined)
}

/** Before the app is booted the getter yields compilers that were set by hand, and no others; `after` waits for those that the scope sets later. */
function captureCompiler (declared: DeclaredSubscriber | DeclaredPublisher, what: string, topic: string): void {
  const { scope } = declared
  try {
    scope.after(() => { declared.customCompiler = scope.validatorCompiler })
  } catch (cause) {
    // Another plugin's onReady hook, which ran before ours.
    throw new FASTSTREAM_ERR_ALREADY_STARTED(what, topic, 'ready()', { cause })
  }
}
