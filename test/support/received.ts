import type { FastifyInstance } from 'fastify'
import type { BoundBroker } from '../../index.js'
import type { Decision } from '../../lib/message/ack.js'
import type { MessageDelivery, MessageSource } from '../../lib/message/received-message.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { ManualClock } from './manual-clock.js'
import { record } from './record.js'

/** A logger that tells what it was made with. */
export interface ToldLog {
  readonly bindings: object
  readonly options: object | undefined
}

/** A scope whose logger has the serializers. */
export function scopeWith (serializers?: unknown): FastifyInstance {
  const child = (bindings: object, options?: object): ToldLog => ({ bindings, options })
  return { log: { [Symbol.for('pino.serializers')]: serializers, child } } as unknown as FastifyInstance
}

/** What the messages of one subscriber share. */
export function sourceWith (more: Partial<MessageSource> = {}): MessageSource {
  return {
    scope: scopeWith(),
    subscriber: 'take',
    groupId: 'shop',
    isKeyDecoded: false,
    isDeadLetterOf: () => true,
    resolutionSettings: () => ({ clock: new ManualClock(), cleanupTimeout: 1000, overrides: new Map() }),
    bind: (to) => ({ to }) as unknown as BoundBroker,
    ...more
  }
}

/** One attempt at record 7 of `orders`, which tells what was decided. */
export function attempt (headers: RawHeader[] = [], key = 'k') {
  const decisions: Decision[] = []
  const reasons: string[] = []
  const whole = {
    decision: undefined as Decision | undefined,
    aborted: undefined as Error | undefined,
    decided: async () => decisions[0]!,
    giveUp: (reason: string) => { reasons.push(reason) }
  }
  const delivery: MessageDelivery = {
    topic: 'orders',
    partition: 2,
    record: record(7, 'v', { key: Buffer.from(key), headers }),
    attempt: 3,
    signal: new AbortController().signal,
    correlationId: () => 'c',
    decide: (decision) => decisions.push(decision) === 1,
    whole
  }
  return { delivery, decisions, reasons, whole }
}
