import type { Attributes } from '@opentelemetry/api'
import type { MessageProcessContext, MessagePublishContext, TracedMessage } from '../../../types/index.js'
import { codeOf } from '../../members.js'
import { CORRELATION_ID, lastHeader } from '../../message/headers.js'
import { utf8 } from '../../utf8.js'

/**
 * Version of the semantic conventions for messaging, whose state is "development": the last one that has the names
 * `messaging.kafka.*`. A collector translates them by the schema URL of the spans.
 * https://github.com/open-telemetry/semantic-conventions/blob/v1.44.0/docs/messaging/kafka.md
 */
export const SEMCONV = '1.44.0'

/** Facts of a broker that all of its spans have. They may change until it has connected. */
export interface BrokerFacts {
  readonly clientId: string
  /** Bootstrap addresses. */
  readonly brokers: readonly string[]
  /** Id of the cluster, once it is known. */
  readonly clusterId: string | undefined
}

/** Attributes that all spans of a broker have. */
export function commonAttributes ({ clientId, brokers, clusterId }: BrokerFacts): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.client.id': clientId,
    ...clusterId !== undefined && { 'messaging.kafka.cluster.id': clusterId },
    ...serverAttributes(brokers)
  }
}

/** Of several addresses none is that of the node that answers. */
export function serverAttributes ([address, ...others]: readonly string[]): Attributes {
  if (address === undefined || others.length > 0) return {}
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  return { 'server.address': host, 'server.port': Number(address.slice(colon + 1)) }
}

/** Attributes that attempts have at any message of a partition; the convention wants samplers to know them. */
export function partitionAttributes (
  { topic, partition, groupId }: Pick<MessageProcessContext, 'topic' | 'partition' | 'groupId'>
): Attributes {
  const attributes: Attributes = {
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition)
  }
  if (groupId !== null) attributes['messaging.consumer.group.name'] = groupId
  return attributes
}

/** The other attributes of an attempt. What differs between the messages of a batch is at the links to them. */
export function processAttributes (context: MessageProcessContext): Attributes {
  const { attempt, batch } = context
  const attributes: Attributes = { 'faststream.attempt': attempt }
  if (batch === undefined) return Object.assign(attributes, messageAttributes(context))
  attributes['messaging.batch.message_count'] = batch.length
  return attributes
}

/** Attributes of one message that was read. */
export function messageAttributes (message: TracedMessage): Attributes {
  return addRecord({
    'messaging.kafka.offset': Number(message.offset),
    'messaging.message.conversation_id': message.correlationId()
  }, message)
}

/** Attributes that publishes have with any message of a topic. */
export function topicAttributes (topic: string): Attributes {
  return {
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': topic
  }
}

/** The other attributes of a publish. */
export function sendAttributes (context: MessagePublishContext): Attributes {
  const correlationId = lastHeader(context.headers, CORRELATION_ID)
  const attributes: Attributes = {}
  if (correlationId !== undefined) attributes['messaging.message.conversation_id'] = correlationId
  return addRecord(attributes, context)
}

/** Place of a stored message, which a send span learns last. */
export function storedAttributes ({ partition, offset }: { partition: number, offset: bigint }): Attributes {
  return { 'messaging.destination.partition.id': String(partition), 'messaging.kafka.offset': Number(offset) }
}

/** A class of errors: their codes, or the names of their classes. */
export function errorType (error: Error): string {
  const code = codeOf(error)
  return typeof code === 'string' ? code : error.name
}

/** A key without a form as text is left out, and so is `tombstone: false`. */
function addRecord (
  attributes: Attributes, { key, tombstone }: { readonly key: Buffer | null, readonly tombstone: boolean }
): Attributes {
  const text = key === null ? undefined : utf8(key)
  if (text !== undefined) attributes['messaging.kafka.message.key'] = text
  if (tombstone) attributes['messaging.kafka.message.tombstone'] = true
  return attributes
}
