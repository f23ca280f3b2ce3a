import type { MessageSchema } from '../../../types/provider.js'
import type { Declaration } from '../../broker/declaration.js'
import { PublisherHandle, type PublisherPlace, type PublisherSource } from '../../broker/handles.js'
import type { Registry } from '../../broker/registry.js'
import type { ConnectionSettings } from '../../options/clusters.js'
import type { CodecSettings } from '../../options/codec.js'
import type { About } from '../../options/documentation.js'
import { replyTopicOf } from '../../options/replies.js'
import { Sealed } from '../../sealed.js'
import { asPublished, asReceived, type Prepare, type PreparingBroker } from '../publish/prepare.js'
import { References } from '../schema/references.js'
import { qualify } from './names.js'

/** Description of a broker for the document. It holds no secret, so that the document cannot show one. */
export interface Described {
  readonly name: string
  readonly clientId: string
  readonly includeInSchema: boolean
  /** Topic of the replies to its own requests. */
  readonly replyTopic: string
  /** The one that is used comes first. */
  readonly servers: readonly [DescribedServer, ...DescribedServer[]]
  /** Configuration of topics that the plugin creates; undefined when it creates none. */
  readonly topicConfig: { readonly partitions: number, readonly replicas: number } | undefined
  readonly subscribers: readonly DescribedSubscriber[]
  readonly publishers: readonly DescribedPublisher[]
}

/** Description of a cluster. */
export interface DescribedServer {
  readonly name: string
  readonly secure: boolean
  /** undefined: in memory. */
  readonly host: string | undefined
  /** SASL mechanism as kafkajs names it, or 'tls' for client certificates. */
  readonly authentication: string | undefined
}

export interface DescribedSubscriber extends Party {
  /** The handler's; undefined when it has none. */
  readonly name: string | undefined
  /** Names, and the texts of patterns. */
  readonly topics: readonly string[]
  /** The type of its messages, where a subscriber has several. */
  readonly type: string | undefined
  readonly groupId: string | null
  readonly ackPolicy: string
  readonly ordering: string
  /** Partitions chosen by hand; undefined: those that its group assigns. */
  readonly partitions: readonly number[] | undefined
  /** undefined: as often as it takes, or never. */
  readonly retries: number | undefined
  /** The topics that its results are published to, without those that the document does not show. */
  readonly results: readonly Result[]
  /** The dead-letter topic of one of its topics; of a pattern with placeholders a pattern. */
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
  /** Codec of the value; undefined: by its type. */
  readonly codec: CodecSettings['value']
  /** References to schemas of its scope. */
  readonly references: References
  /** Checks and encodes what is to be published from the page. */
  readonly prepare: Prepare
}

/** Parts of a broker that the document reads: settings, declarations, and the way in which the page publishes. */
export interface Describable extends PreparingBroker, PublisherSource {
  readonly registry: Pick<Registry, 'subscribers' | 'publishers'>
}

export function describe (broker: Describable): Described {
  const { settings, registry } = broker
  const { name, clientId, includeInSchema, topics, topicConfig } = settings
  const scopes = new Map<Declaration['scope'], References>()
  const referencesOf = (scope: Declaration['scope']): References => {
    let references = scopes.get(scope)
    if (references === undefined) scopes.set(scope, references = References.ofScope(scope.getSchemas()))
    return references
  }
  return {
    name,
    clientId,
    includeInSchema,
    replyTopic: replyTopicOf(settings),
    servers: serversOf(settings),
    topicConfig: topics === 'create' ? topicConfig : undefined,
    subscribers: registry.subscribers.filter(({ includeInSchema }) => includeInSchema).map((subscriber) => {
      const { declaration, name, topics, groupId, ackPolicy, ordering, retry, deadLetterTopics } = subscriber
      const { codec, tags, patterns, deadLetter } = subscriber
      const publishers = declaration.publish.map((publisher) => PublisherHandle.placeOf(publisher, declaration, broker))
      return {
        about: { ...declaration.about, tags },
        schema: declaration.schema,
        codec: codec.value,
        references: referencesOf(declaration.scope),
        // A handler without a name is called by its topics.
        name: name === topics.join(',') ? undefined : name,
        topics,
        type: declaration.cases?.name,
        groupId,
        ackPolicy,
        ordering,
        partitions: subscriber.partitions,
        retries: ackPolicy === 'REJECT_ON_ERROR' ? retry.retries : undefined,
        results: publishers.filter(isShown).map(resultOf),
        deadLetterTopic: (topic) => {
          return deadLetterTopics.get(topic) ?? patterns.find(({ text }) => text === topic)?.mapped(deadLetter)
        },
        prepare: asReceived(broker, declaration)
      }
    }),
    publishers: registry.publishers.filter(({ includeInSchema }) => includeInSchema).map((publisher) => {
      const { declaration, topic, codec, tags } = publisher
      return {
        about: { ...declaration.about, tags },
        schema: declaration.schema,
        codec: codec.value,
        references: referencesOf(declaration.scope),
        topic,
        prepare: asPublished(broker, declaration)
      }
    })
  }
}

/** All clusters of `clusters`, or the one. A cluster of a broker that is not the default one also has its name. */
function serversOf (settings: Describable['settings']): [DescribedServer, ...DescribedServer[]] {
  const { name: broker, clusters, security } = settings
  const nameOf = (cluster: string): string => broker === 'default' ? cluster : qualify(broker, cluster)
  const all = [...clusters]
  const used = all.find(([, cluster]) => cluster.security === security)
  const others = all.filter((cluster) => cluster !== used)
  return [
    serverOf(used === undefined ? broker : nameOf(used[0]), settings),
    ...others.map(([name, cluster]) => serverOf(nameOf(name), cluster))
  ]
}

function serverOf (name: string, { brokers, transport, security }: ConnectionSettings): DescribedServer {
  const { ssl } = Sealed.open(security)
  return {
    name,
    secure: ssl !== undefined && ssl !== false,
    host: transport === 'memory' ? undefined : brokers[0],
    authentication: authenticationOf(security)
  }
}

function authenticationOf (security: ConnectionSettings['security']): string | undefined {
  const { ssl, sasl } = Sealed.open(security)
  if (sasl !== undefined) return sasl.mechanism.toLowerCase()
  return typeof ssl === 'object' && ('cert' in ssl || 'pfx' in ssl) ? 'tls' : undefined
}

function isShown ({ source, declaration }: PublisherPlace): boolean {
  return source.isInSchema(declaration)
}

function resultOf ({ source, declaration }: PublisherPlace): Result {
  return { broker: source.name, topic: source.topicOf(declaration) }
}
