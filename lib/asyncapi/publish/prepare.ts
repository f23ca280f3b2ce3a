import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Broker } from '../../broker/broker.js'
import type { PublisherDeclaration, SubscriberDeclaration } from '../../broker/declaration.js'
import { codecOf } from '../../codec/named.js'
import { acceptCorrelationId } from '../../message/correlation-id.js'
import { decode } from '../../message/decode.js'
import { decodeByRules, hasCodecs } from '../../message/decode-by-rules.js'
import { encode } from '../../message/encode.js'
import type { Outgoing, Prepared } from '../../message/outgoing.js'
import { NO_SCOPES } from '../../middleware/publish-chain.js'
import type { Draft } from './draft.js'

/** Checks and encodes a message of `topic`; throws, or rejects, before anything is sent. */
export type Prepare = (topic: string, draft: Draft, request: FastifyRequest) => Prepared | Promise<Prepared>

/** The broker of what the page publishes. */
export type PreparingBroker = Pick<Broker, 'settings' | 'publisherOf' | 'subscriberOf' | 'send'>

/** Prepares a message as if the app had published it. */
export function asPublished (broker: PreparingBroker, declaration: PublisherDeclaration): Prepare {
  return function prepare (_, { value, key, headers, timestamp }, request) {
    const publisher = broker.publisherOf(declaration)
    const options = { key, headers, timestamp }
    const id = correlationId(broker, request)
    const { outgoing } = publisher.prepare(value, options, id)
    // By way of its middlewares, as the app would.
    return { outgoing, sender: { send: () => publisher.publish(value, options, NO_SCOPES, id) } }
  }
}

/** Prepares a message as if another app had published it for the subscriber. */
export function asReceived (broker: PreparingBroker, declaration: SubscriberDeclaration): Prepare {
  return async function prepare (topic, draft, request) {
    const circumstances = { correlationId: correlationId(broker, request), signal: request.signal }
    return { outgoing: await receivable(broker, declaration, topic, draft, circumstances), sender: broker }
  }
}

/** Encodes a message of `topic` as the subscriber decodes it. A message that it cannot decode is refused. */
export async function receivable (
  broker: PreparingBroker, declaration: SubscriberDeclaration, topic: string,
  { value, key = null, headers, timestamp }: Draft,
  { correlationId, signal }: { readonly correlationId: string, readonly signal: AbortSignal }
): Promise<Outgoing> {
  const subscriber = broker.subscriberOf(declaration)
  const { schema } = declaration
  const codec = codecOf(subscriber.codec.value)
  const unchecked = { topic, hasSchema: schema?.value !== undefined, validators: {}, codec }
  const circumstances = { correlationId, tombstoneKey: null, now: timestamp.getTime() }
  const outgoing = encode(value, { key, headers, timestamp }, unchecked, circumstances)
  // A message that cannot be decoded would only become a dead letter.
  const record = { ...outgoing, offset: 0n, size: 0 }
  const { rules } = subscriber
  if (hasCodecs(rules)) await decodeByRules({ topic, partition: 0, record, signal }, rules)
  else decode(record, rules)
  return outgoing
}

/** The message is found by the id of the request that published it. */
function correlationId ({ settings }: PreparingBroker, request: FastifyRequest): string {
  const given = settings.correlationId?.(request)
  return given === undefined ? randomUUID() : acceptCorrelationId(given, randomUUID, request.log)
}
