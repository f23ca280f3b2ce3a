import type { FastifyInstance } from 'fastify'
import type { MessageSchema } from '../../types/index.js'
import type { Clock } from '../clock.js'
import type { ResolutionSettings } from '../deps/resolution.js'
import { REPLY_TO } from '../message/headers.js'
import type { MessageSource } from '../message/received-message.js'
import type { PublishingSender } from '../message/outgoing.js'
import type { Settings } from '../options/plugin-options.js'
import { compileIncoming } from '../schema/incoming.js'
import { compileOutgoing } from '../schema/outgoing.js'
import { compilersOf } from '../schema/scope-compilers.js'
import { compileSerializer } from '../schema/serializer.js'
import type { Part } from '../codec/violations.js'
import type { Validators } from '../schema/validator.js'
import { DeadLetterTopics } from './dead-letter-topics.js'
import type { SubscriberDeclaration } from './declaration.js'
import { PublisherHandle } from './handles.js'
import type { PublisherSettings, SubscriberSettings } from './plan.js'
import { PublisherPlan } from './publisher.js'
import { Publishers } from './publishers.js'
import type { Registry } from './registry.js'
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
  resolutionSettings (scope: FastifyInstance): ResolutionSettings
}

/**
 * Compiles every schema with the compiler of its scope, and finds the publishers of results.
 *
 * @throws FASTSTREAM_ERR_SCHEMA_BUILD, FASTSTREAM_ERR_ROUTER_HANDLE
 */
export function compile (registry: Registry, broker: CompilingBroker): Compiled {
  const deadLetterTopics = new DeadLetterTopics(broker.settings.deadLetter, registry.subscribers)
  const subscribers = registry.subscribers.map((settings) => {
    const { declaration, topics, bodyLimit } = settings
    const publishers = declaration.publish.map((publisher) => PublisherHandle.placeOf(publisher, declaration, broker))
    const { scope, schema = {} } = declaration
    const compiler = compilersOf(scope).validator
    const topic = topics.join(', ')
    const validators = compileParts(schema, (schema, part) => compileIncoming(compiler, schema, { topic, part }))
    const source = sourceOf(broker, settings, validators.key !== undefined, deadLetterTopics)
    return [declaration, new CompiledSubscriber(settings, { bodyLimit, validators }, source, publishers)] as const
  })
  const publishers = registry.publishers.map((settings) => {
    return [settings.declaration, compilePublisher(settings, broker)] as const
  })
  return { subscribers: new Map(subscribers), publishers: new Publishers(new Map(publishers)) }
}

/** @throws FASTSTREAM_ERR_SCHEMA_BUILD */
export function compilePublisher (
  { declaration, topic }: PublisherSettings, broker: CompilingBroker
): PublisherPlan {
  const { settings: { ajv, producer }, clock } = broker
  const { scope, schema = {}, key, headers, partition, replyTo } = declaration
  const { partitioner = producer.partitioner } = declaration
  const { validator: compiler, serializer } = compilersOf(scope)
  const validators = compileParts(schema, (schema, part) => {
    return compileOutgoing({ scope, ajv, compiler }, schema, { topic, part })
  })
  const hasSchema = schema.value !== undefined
  const serialize = hasSchema && serializer ? compileSerializer(serializer, schema.value, topic) : undefined
  const automatic = replyTo === undefined ? undefined : { [REPLY_TO]: replyTo }
  const rules = { topic, hasSchema, validators, serialize, key, headers, automatic, partition, partitioner }
  return new PublisherPlan(rules, { sender: broker, now: () => clock.now(), log: scope.log })
}

function sourceOf (
  broker: CompilingBroker, settings: SubscriberSettings, hasKeySchema: boolean, deadLetterTopics: DeadLetterTopics
): MessageSource {
  const { name: subscriber, groupId, declaration } = settings
  const { scope } = declaration
  return {
    scope,
    subscriber,
    groupId,
    hasKeySchema,
    isDeadLetterOf: (topic, origin) => deadLetterTopics.receives(topic, origin),
    resolutionSettings: () => broker.resolutionSettings(scope),
    bind: (correlationId) => new BoundView(broker, declaration, correlationId)
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
