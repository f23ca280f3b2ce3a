import type { FastifyInstance } from 'fastify'
import type { Codec, MessageSchema } from '../../types/index.js'
import type { Clock } from '../clock.js'
import { codecOf, JSON_CODEC } from '../codec/named.js'
import type { ResolutionSettings } from '../deps/resolution.js'
import { codecRules } from '../message/codec-rules.js'
import type { IncomingRules } from '../message/decode.js'
import { REPLY_TO } from '../message/headers.js'
import type { MessageSource, ReceivedMessage } from '../message/received-message.js'
import type { OutgoingRules } from '../message/encode.js'
import type { PublishingSender } from '../message/outgoing.js'
import type { PublishChains, PublishScopes } from '../middleware/publish-chain.js'
import type { Settings } from '../options/plugin-options.js'
import { allowedReplies } from '../options/replies.js'
import { Reader } from '../consume/partition/reader.js'
import { compileIncoming } from '../schema/incoming.js'
import { compileOutgoing } from '../schema/outgoing.js'
import { compilersOf } from '../schema/scope-compilers.js'
import { compileSerializer } from '../schema/serializer.js'
import type { Part } from '../codec/violations.js'
import type { Validators } from '../schema/validator.js'
import { writtenTopicsOf } from './app-brokers.js'
import { BoundView } from './bound-view.js'
import { DeadLetterTopics } from './dead-letter-topics.js'
import type { Handler, SubscriberDeclaration } from './declaration.js'
import type { Environment } from './environment.js'
import { PublisherHandle } from './handles.js'
import { PatternTopics } from './pattern-topics.js'
import type { PublisherSettings, SubscriberSettings } from './plan.js'
import { PublisherPlan, replyRules, type PublisherMeans } from './publisher.js'
import { Publishers } from './publishers.js'
import type { Registry } from './registry.js'
import { Replier } from './replier.js'
import type { ScopeErrorHandlers } from './scope-error-handlers.js'
import { CompiledSubscriber } from './subscriber.js'
import type { ViewedBroker } from './views.js'

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
  const replier = replierOf(settings, broker, scopes)
  const destinations = { results: publishers, replier, writtenTopics: () => writtenTopicsOf(scope) }
  return new CompiledSubscriber(settings, rules, source, destinations, around)
}

/** @throws FASTSTREAM_ERR_SCHEMA_BUILD */
export function compilePublisher (
  { declaration, topic, middlewares, codec: codecs }: PublisherSettings, broker: CompilingBroker
): PublisherPlan {
  const { settings: { producer, bodyLimit }, chains } = broker
  const { scope, schema = {}, key, headers, partition, replyTo } = declaration
  const { partitioner = producer.partitioner } = declaration
  const codec = codecOf(codecs.value)
  // A key without a schema is text or bytes.
  const keyCodec = schema.key === undefined ? undefined : codecOf(codecs.key)
  const automatic = replyTo === undefined ? undefined : { [REPLY_TO]: replyTo }
  const encoding = { ...encodingOf({ scope, schema, topic, codec, keyCodec }, broker), key, headers, automatic }
  const { reply } = schema
  const compiler = compilersOf(scope).validator
  const validate = reply === undefined ? undefined : compileIncoming(compiler, reply, { topic, part: 'value' })
  const replies = replyRules(bodyLimit, codec, validate)
  const means = meansOf(scope, broker, replies, chains.with(middlewares))
  return new PublisherPlan({ ...encoding, partition, partitioner }, means)
}

/** What writes the answers of a subscriber; undefined for one that does not answer. */
function replierOf (
  { declaration: { scope, schema = {} }, name, topics, codec: codecs }: SubscriberSettings, broker: CompilingBroker,
  scopes: PublishScopes
): Replier | undefined {
  const { settings, chains } = broker
  const { reply } = schema
  if (reply === undefined) return undefined
  const codec = codecOf(codecs.value)
  const rules = encodingOf({ scope, schema: { value: reply }, topic: topics.join(', '), codec }, broker)
  const means = meansOf(scope, broker, replyRules(settings.bodyLimit, codec), chains)
  return new Replier(rules, means, { subscriber: name, allows: () => allowedReplies(broker.settings), scopes })
}

function meansOf (
  { log }: FastifyInstance, broker: CompilingBroker, replies: IncomingRules, chains: PublishChains
): PublisherMeans {
  return { sender: broker, now: () => broker.clock.now(), log, chains, replies: () => replies }
}

/** Messages that are to be written. */
interface Written {
  readonly scope: FastifyInstance
  readonly schema: MessageSchema
  readonly topic: string
  readonly codec: Codec | undefined
  readonly keyCodec?: Codec | undefined
}

/** How messages are checked and encoded. @throws FASTSTREAM_ERR_SCHEMA_BUILD */
function encodingOf (
  { scope, schema, topic, codec, keyCodec }: Written, { settings: { ajv } }: CompilingBroker
): OutgoingRules {
  const { validator: compiler, serializer } = compilersOf(scope)
  const codecOfPart = { value: codec, key: keyCodec, headers: undefined }
  const validators = compileParts(schema, (schema, part) => {
    return compileOutgoing({ scope, ajv, compiler, hasCodec: !isJson(codecOfPart[part]) }, schema, { topic, part })
  })
  const hasSchema = schema.value !== undefined
  const serialize = hasSchema && serializer && isJson(codec)
    ? compileSerializer(serializer, schema.value, topic)
    : undefined
  return { topic, hasSchema, validators, serialize, codec, keyCodec }
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
    bind: (message) => new BoundView(broker, place, {
      correlationId: () => message.correlationId, signal: () => message.signal
    })
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
