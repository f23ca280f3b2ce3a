import type { FastifyInstance } from 'fastify'
import type { Codec, MessageSchema } from '../../types/index.js'
import type { Clock } from '../clock.js'
import { codecOf, JSON_CODEC } from '../codec/named.js'
import type { ResolutionSettings } from '../deps/resolution.js'
import { codecRules } from '../message/codec-rules.js'
import { REPLY_TO } from '../message/headers.js'
import type { MessageSource, ReceivedMessage } from '../message/received-message.js'
import type { PublishingSender } from '../message/outgoing.js'
import type { PublishChains, PublishScopes } from '../middleware/publish-chain.js'
import type { Settings } from '../options/plugin-options.js'
import { Reader } from '../consume/partition/reader.js'
import { compileIncoming } from '../schema/incoming.js'
import { compileOutgoing } from '../schema/outgoing.js'
import { compilersOf } from '../schema/scope-compilers.js'
import { compileSerializer } from '../schema/serializer.js'
import type { Part } from '../codec/violations.js'
import type { Validators } from '../schema/validator.js'
import { writtenTopicsOf } from './app-brokers.js'
import { DeadLetterTopics } from './dead-letter-topics.js'
import type { Handler, SubscriberDeclaration } from './declaration.js'
import type { Environment } from './environment.js'
import { PublisherHandle } from './handles.js'
import { PatternTopics } from './pattern-topics.js'
import type { PublisherSettings, SubscriberSettings } from './plan.js'
import { PublisherPlan } from './publisher.js'
import { Publishers } from './publishers.js'
import type { Registry } from './registry.js'
import type { ScopeErrorHandlers } from './scope-error-handlers.js'
import { CompiledSubscriber } from './subscriber.js'
import { BoundView, type ViewedBroker } from './views.js'

/** The compiled declarations of one cluster. */
export interface Compiled {
  readonly subscribers: ReadonlyMap<SubscriberDeclaration, CompiledSubscriber>
  readonly publishers: Publishers
}

/** The broker whose declarations are compiled. */
export interface CompilingBroker extends ViewedBroker, PublishingSender {
  readonly settings: Settings
  readonly clock: Clock
  readonly chains: PublishChains
  readonly errorHandlers: ScopeErrorHandlers
  resolutionSettings (scope: FastifyInstance): ResolutionSettings
  /** Creates or verifies a topic that is first known after the start. */
  prepareTopic (topic: string): void
}

/**
 * Compiles every schema with the compiler of its scope, and finds the publishers of results.
 *
 * @throws FASTSTREAM_ERR_SCHEMA_BUILD, FASTSTREAM_ERR_ROUTER_HANDLE
 */
export function compile (
  registry: Registry, broker: CompilingBroker, { handlerOf }: Pick<Environment, 'handlerOf'>
): Compiled {
  const deadLetterTopics = new DeadLetterTopics(broker.settings.deadLetter, registry.subscribers)
  const subscribers = registry.subscribers.map((settings) => {
    const { declaration } = settings
    return [declaration, compileSubscriber(settings, handlerOf(declaration), deadLetterTopics, broker)] as const
  })
  const publishers = registry.publishers.map((settings) => {
    return [settings.declaration, compilePublisher(settings, broker)] as const
  })
  return { subscribers: new Map(subscribers), publishers: new Publishers(new Map(publishers)) }
}

/** Compiles a subscriber that is declared after the start. @throws as {@link compile} */
export function compileDynamic (
  settings: SubscriberSettings, registry: Registry, broker: CompilingBroker,
  { handlerOf }: Pick<Environment, 'handlerOf'>
): CompiledSubscriber {
  const deadLetterTopics = new DeadLetterTopics(broker.settings.deadLetter, [...registry.subscribers, settings])
  return compileSubscriber(settings, handlerOf(settings.declaration), deadLetterTopics, broker)
}

function compileSubscriber (
  settings: SubscriberSettings, handler: Handler, deadLetterTopics: DeadLetterTopics, broker: CompilingBroker
): CompiledSubscriber {
  const { declaration, topics, bodyLimit, middlewares } = settings
  const publishers = declaration.publish.map((publisher) => PublisherHandle.placeOf(publisher, declaration, broker))
  const { scope, schema = {}, isRead } = declaration
  const compiler = compilersOf(scope).validator
  const topic = topics.join(', ')
  const validators = compileParts(schema, (schema, part) => compileIncoming(compiler, schema, { topic, part }))
  const scopes = broker.chains.scopesOf(middlewares)
  const patternTopics = patternTopicsOf(settings, deadLetterTopics, broker)
  const reader = isRead ? new Reader<ReceivedMessage>(broker.clock) : undefined
  const around = { handler, scopes, errorHandlers: broker.errorHandlers.of(scope), patternTopics, reader }
  const rules = { bodyLimit, validators, codecs: codecRules(settings) }
  const isKeyDecoded = validators.key !== undefined || settings.parser.length > 0
  const source = sourceOf(broker, settings, { isKeyDecoded, deadLetterTopics, scopes, patternTopics })
  const destinations = { results: publishers, writtenTopics: () => writtenTopicsOf(scope) }
  return new CompiledSubscriber(settings, rules, source, destinations, around)
}

/** @throws FASTSTREAM_ERR_SCHEMA_BUILD */
export function compilePublisher (
  { declaration, topic, middlewares, codec: codecs }: PublisherSettings, broker: CompilingBroker
): PublisherPlan {
  const { settings: { ajv, producer }, clock, chains } = broker
  const { scope, schema = {}, key, headers, partition, replyTo } = declaration
  const { partitioner = producer.partitioner } = declaration
  const { validator: compiler, serializer } = compilersOf(scope)
  const codec = codecOf(codecs.value)
  // A key without a schema is text or bytes.
  const keyCodec = schema.key === undefined ? undefined : codecOf(codecs.key)
  const codecOfPart = { value: codec, key: keyCodec, headers: undefined }
  const validators = compileParts(schema, (schema, part) => {
    return compileOutgoing({ scope, ajv, compiler, hasCodec: !isJson(codecOfPart[part]) }, schema, { topic, part })
  })
  const hasSchema = schema.value !== undefined
  const serialize = hasSchema && serializer && isJson(codec)
    ? compileSerializer(serializer, schema.value, topic)
    : undefined
  const automatic = replyTo === undefined ? undefined : { [REPLY_TO]: replyTo }
  const encoding = { topic, hasSchema, validators, serialize, codec, keyCodec, key, headers, automatic }
  const rules = { ...encoding, partition, partitioner }
  const means = { sender: broker, now: () => clock.now(), log: scope.log, chains: chains.with(middlewares) }
  return new PublisherPlan(rules, means)
}

/** True where the value on the wire is the JSON of the value, as far as a schema describes it. */
function isJson (codec: Codec | undefined): boolean {
  return codec === undefined || codec === JSON_CODEC
}

/** What all messages of one subscriber share. */
interface Shared {
  readonly isKeyDecoded: boolean
  readonly deadLetterTopics: DeadLetterTopics
  /** The middlewares of what it publishes. */
  readonly scopes: PublishScopes
  readonly patternTopics: PatternTopics | undefined
}

function patternTopicsOf (
  settings: SubscriberSettings, deadLetterTopics: DeadLetterTopics, broker: CompilingBroker
): PatternTopics | undefined {
  const { patterns, declaration: { scope: { log } } } = settings
  if (patterns.length === 0) return undefined
  const prepareTopic = (topic: string): void => { broker.prepareTopic(topic) }
  return new PatternTopics(settings, { deadLetterTopics, log, prepareTopic })
}

function sourceOf (
  broker: CompilingBroker, settings: SubscriberSettings, shared: Shared
): MessageSource {
  const { isKeyDecoded, deadLetterTopics, scopes, patternTopics } = shared
  const { name: subscriber, groupId, declaration } = settings
  const { scope, layers } = declaration
  const place = { scope, layers, scopes }
  return {
    scope,
    subscriber,
    groupId,
    isKeyDecoded,
    paramsOf: patternTopics && ((topic) => patternTopics.params(topic)),
    isDeadLetterOf: (topic, origin) => deadLetterTopics.receives(topic, origin),
    resolutionSettings: () => broker.resolutionSettings(scope),
    bind: (correlationId) => new BoundView(broker, place, correlationId)
  }
}

function compileParts<V> (schema: MessageSchema, compilePart: (schema: unknown, part: Part) => V): Validators<V> {
  const { value, key, headers } = schema
  return Object.freeze({
    value: value === undefined ? undefined : compilePart(value, 'value'),
    key: key === undefined ? undefined : compilePart(key, 'key'),
    headers: headers === undefined ? undefined : compilePart(headers, 'headers')
  })
}
