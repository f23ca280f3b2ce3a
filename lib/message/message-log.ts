import type { FastifyBaseLogger } from 'fastify'
import { shownKey } from './key-text.js'
import type { MessageDelivery, MessageSource } from './received-message.js'

/** Pino's symbol for the serializers of a logger. */
const SERIALIZERS = Symbol.for('pino.serializers')
const KEY_AS_TEXT = { serializers: { key: shownKey } }

/** The logger of one message. It writes `key` as text, unless the app has a serializer of its own for `key`. */
export function logOf (
  { scope: { log }, subscriber, groupId }: MessageSource, delivery: MessageDelivery
): FastifyBaseLogger {
  const { topic, partition, record } = delivery
  const offset = String(record.offset)
  const bindings = { subscriber, groupId, topic, partition, offset, correlationId: delivery.correlationId(log) }
  const own: unknown = Reflect.get(log, SERIALIZERS)
  const isOwn = typeof own === 'object' && own !== null && 'key' in own
  return isOwn ? log.child(bindings) : log.child(bindings, KEY_AS_TEXT)
}
