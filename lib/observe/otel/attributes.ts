import type { Attributes } from '@opentelemetry/api'
import type { MessageProcessContext, MessagePublishContext } from '../../../types/index.js'
import { codeOf } from '../../members.js'
import { CORRELATION_ID, lastHeader } from '../../message/headers.js'
import { utf8 } from '../../utf8.js'

/**
 * Version of the semantic conventions for messaging, whose state is "development".
 * https://github.com/open-telemetry/semantic-conventions/blob/v1.45.0/docs/messaging/kafka.md
 */
export const SEMCONV = '1.45.0'

/** Facts of a broker that all of its spans have. */
export interface BrokerFacts {
  readonly clientId: string
  /** Bootstrap addresses. */
  readonly brokers: readonly string[]
}

/** Attributes that all spans of a broker have. */
export function commonAttributes ({ clientId, brokers }: BrokerFacts): Attributes {
  const [address, ...others] = brokers
  const common = { 'messaging.system': 'kafka', 'messaging.client.id': clientId }
  // Of several addresses none is that of the node that answers.
  if (address === undefined || others.length > 0) return common
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  return { ...common, 'server.address': host, 'server.port': Number(address.slice(colon + 1)) }
}

export function processAttributes (context: MessageProcessContext): Attributes {
  const { topic, partition, offset, groupId, attempt } = context
  return {
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    'messaging.kafka.offset': Number(offset),
    'messaging.message.conversation_id': context.correlationId(),
    ...groupId !== null && { 'messaging.consumer.group.name': groupId },
    ...ofRecord(context),
    'faststream.attempt': attempt
  }
}

export function sendAttributes (context: MessagePublishContext): Attributes {
  const correlationId = lastHeader(context.headers, CORRELATION_ID)
  return {
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': context.topic,
    ...correlationId !== undefined && { 'messaging.message.conversation_id': correlationId },
    ...ofRecord(context)
  }
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
function ofRecord ({ key, tombstone }: { readonly key: Buffer | null, readonly tombstone: boolean }): Attributes {
  const text = key === null ? undefined : utf8(key)
  return {
    ...text !== undefined && { 'messaging.kafka.message.key': text },
    ...tombstone && { 'messaging.kafka.message.tombstone': true }
  }
}
