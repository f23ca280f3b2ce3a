import type { FastifyInstance } from 'fastify'
import type { ErrorDecision, ErrorHandler, FailedMessage } from '../../types/index.js'
import { LONGEST_TIMER } from '../clock.js'
import type { FailureAnswer } from '../consume/pipeline/failure-policy.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { encodeHeaders, mergeHeaders } from '../message/headers.js'
import type { Outgoing } from '../message/outgoing.js'
import { isObject, number, onlyKnown } from '../options/assert.js'
import { checkTopic } from '../options/topic-name.js'
import { toError } from '../to-error.js'
import type { ConsumedRecord } from '../transport/transport.js'

/** An error handler and its scope, which is its `this`. */
export interface ScopedErrorHandler {
  readonly scope: FastifyInstance
  readonly handler: ErrorHandler<FastifyInstance>
}

/**
 * Asks the error handlers, that of the nearest scope first: an error that one throws goes to the next. Resolves to
 * undefined when they leave the decision to the policy; rejects with what the last one throws, unless that is the error
 * itself.
 */
export async function askErrorHandlers (
  handlers: readonly ScopedErrorHandler[], error: Error, failed: FailedMessage
): Promise<ErrorDecision | undefined> {
  let thrown = error
  for (const { scope, handler } of handlers) {
    try {
      return await handler.call(scope, thrown, failed) ?? undefined
    } catch (err) {
      thrown = toError(err)
    }
  }
  if (thrown !== error) throw thrown
  return undefined
}

type Reply = (value: unknown) => ReturnType<Extract<FailureAnswer, { kind: 'reply' }>['prepared']>

const MEMBERS: { readonly [Action in ErrorDecision['action']]: readonly string[] } = {
  retry: ['action', 'delay'],
  forward: ['action', 'topic', 'headers'],
  'dead-letter': ['action'],
  acknowledge: ['action'],
  reply: ['action', 'value']
}

/**
 * The decision as the pipeline carries it out.
 *
 * @param reply checks and encodes a reply
 * @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC
 */
export function answerOf (
  decision: ErrorDecision, { record, now, reply }: { record: ConsumedRecord, now: number, reply: Reply }
): FailureAnswer {
  if (!isObject(decision) || !Object.hasOwn(MEMBERS, decision.action)) {
    const cure = `must be one of '${Object.keys(MEMBERS).join("', '")}': return { action }, or nothing`
    throw new FASTSTREAM_ERR_INVALID_OPTION('action', cure)
  }
  onlyKnown('', decision, MEMBERS[decision.action])
  switch (decision.action) {
    case 'retry': {
      const { delay } = decision
      return { kind: 'retry', delay: delay === undefined ? undefined : number('delay', delay, 0, LONGEST_TIMER) }
    }
    case 'forward': return { kind: 'forward', outgoing: forwarded(decision, record, now) }
    case 'dead-letter': return { kind: 'dead-letter' }
    case 'acknowledge': return { kind: 'acknowledge' }
    case 'reply': return { kind: 'reply', value: decision.value, prepared: () => reply(decision.value) }
  }
}

/** The bytes as they came. The timestamp is new: an old one would let retention delete the message at once. */
function forwarded (
  { topic, headers = {} }: Extract<ErrorDecision, { action: 'forward' }>, record: ConsumedRecord, timestamp: number
): Outgoing {
  const added = encodeHeaders(mergeHeaders(headers))
  const names = new Set(added.map(([name]) => name))
  const { key, value } = record
  const kept = record.headers.filter(([name]) => !names.has(name))
  return { topic: checkTopic(topic), key, value, headers: [...kept, ...added], timestamp }
}
