import type { MessageSchema } from '../../../types/provider.js'
import type { DeclaredPublisher } from '../../broker/publisher.js'
import type { DeclaredSubscriber } from '../../broker/subscriber.js'
import type { Settings } from '../../options/plugin-options.js'
import { Sealed } from '../../sealed.js'
import type { About } from '../../options/documentation.js'
import { asPublished, asReceived, type Prepare } from '../publish/prepare.js'
import { References } from '../schema/references.js'

/** What the document needs to know of a broker. No secret is in it, so that none can come out. */
export interface Described {
  readonly name: string
  readonly clientId: string
  readonly includeInSchema: boolean
  readonly secure: boolean
  /** undefined: in memory. */
  readonly host: string | undefined
  /** As kafkajs has them, and 'tls' for client certificates. */
  readonly authentication: string | undefined
  /** How missing topics are made; undefined: they are not. */
  readonly topicConfig: { readonly partitions: number, readonly replicas: number } | undefined
  readonly subscribers: readonly DescribedSubscriber[]
  readonly publishers: readonly DescribedPublisher[]
}

export interface DescribedSubscriber extends Party {
  /** The handler's; undefined when it has none. */
  readonly name: string | undefined
  readonly topics: readonly string[]
  readonly groupId: string | null
  readonly ackPolicy: string
  readonly ordering: string
  /** undefined: as often as it takes, or never. */
  readonly retries: number | undefined
  /** The topics that its results are published to, without those that the document does not show. */
  readonly results: readonly Result[]
  deadLetterTopic (topic: string): string | undefined
}

export interface Result {
  /** The name of a broker. */
  readonly broker: string
  readonly topic: string
}

export interface DescribedPublisher extends Party {
  readonly topic: string
}

export interface Party {
  readonly about: About
  readonly schema: MessageSchema | undefined
  /** To schemas of its scope. */
  readonly references: References
  /** Checks and encodes what is to be published from the page. */
  readonly prepare: Prepare
}

/** What is asked of a broker and what was declared on it. */
export interface Describable {
  readonly settings: Pick<
    Settings, 'name' | 'clientId' | 'brokers' | 'transport' | 'security' | 'topics' | 'topicConfig' | 'includeInSchema'
  >
  readonly declarations: {
    readonly subscribers: readonly DeclaredSubscriber[]
    readonly publishers: readonly DeclaredPublisher[]
  }
}

type Declared = DeclaredSubscriber | DeclaredPublisher

export function describe ({ settings, declarations }: Describable): Described {
  const { name, clientId, includeInSchema, brokers, transport, topics, topicConfig } = settings
  const { ssl } = Sealed.open(settings.security)
  const scopes = new Map<Declared['scope'], References>()
  const referencesOf = (scope: Declared['scope']): References => {
    let references = scopes.get(scope)
    if (references === undefined) scopes.set(scope, references = References.ofScope(scope.getSchemas()))
    return references
  }
  return {
    name,
    clientId,
    includeInSchema,
    secure: ssl !== undefined && ssl !== false,
    host: transport === 'memory' ? undefined : brokers[0],
    authentication: authenticationOf(settings),
    topicConfig: topics === 'create' ? topicConfig : undefined,
    subscribers: declarations.subscribers.filter(isIncluded).map((subscriber) => ({
      about: subscriber.about,
      schema: subscriber.schema,
      references: referencesOf(subscriber.scope),
      // A handler without a name is called by its topics.
      name: subscriber.name === subscriber.topics.join(',') ? undefined : subscriber.name,
      topics: subscriber.topics,
      groupId: subscriber.groupId,
      ackPolicy: subscriber.ackPolicy,
      ordering: subscriber.ordering,
      retries: subscriber.ackPolicy === 'REJECT_ON_ERROR' ? subscriber.retry.retries : undefined,
      results: subscriber.publishers.filter(isIncluded).map(({ broker, topic }) => ({ broker: broker.settings.name, topic })),
      deadLetterTopic: (topic) => subscriber.deadLetterTopic(topic),
      prepare: asReceived(subscriber)
    })),
    publishers: declarations.publishers.filter(isIncluded).map((publisher) => ({
      about: publisher.about,
      schema: publisher.schema,
      references: referencesOf(publisher.scope),
      topic: publisher.topic,
      prepare: asPublished(publisher)
    }))
  }
}

function isIncluded ({ about }: Declared): boolean {
  return about.includeInSchema
}

function authenticationOf ({ security }: Describable['settings']): string | undefined {
  const { ssl, sasl } = Sealed.open(security)
  if (sasl !== undefined) return sasl.mechanism.toLowerCase()
  return typeof ssl === 'object' && ('cert' in ssl || 'pfx' in ssl) ? 'tls' : undefined
}
