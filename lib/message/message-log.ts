import type { FastifyBaseLogger } from 'fastify'
import { shownKey } from './key-text.js'

/** Pino's symbol for the serializers of a logger. */
const SERIALIZERS = Symbol.for('pino.serializers')
const KEY_AS_TEXT = { serializers: { key: shownKey } }

/** A logger of one message. It writes `key` as text, unless the app has a serializer of its own for `key`. */
export function messageLog (log: FastifyBaseLogger, bindings: object): FastifyBaseLogger {
  const own: unknown = Reflect.get(log, SERIALIZERS)
  const isOwn = typeof own === 'object' && own !== null && 'key' in own
  return isOwn ? log.child(bindings) : log.child(bindings, KEY_AS_TEXT)
}
