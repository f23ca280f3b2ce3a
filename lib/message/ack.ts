import { number, onlyKnown } from '../options/assert.js'
import { LONGEST_TIMER } from '../clock.js'

/** A handler's decision: settle the message; handle it again after `delay` ms; move it to the dead-letter topic. */
export type Decision =
  { readonly kind: 'ack' } |
  { readonly kind: 'nack', readonly error: Error, readonly delay: number | undefined } |
  { readonly kind: 'reject', readonly error: Error }

/**
 * Error that a handler throws to acknowledge its message. Dependencies are cleaned up as after a success.
 *
 * @example
 * if (await orders.exists(order.id)) throw new AckMessage()
 */
export class AckMessage extends Error {
  override readonly name: string = 'AckMessage'
  override readonly message: string = 'the handler acknowledged the message'
}

/**
 * Error that a handler throws to skip a message that is not for it. As {@link AckMessage}; the log line (level `debug`)
 * says that the message was skipped.
 *
 * @example
 * if (order.tenant !== tenant) throw new SkipMessage()
 */
export class SkipMessage extends AckMessage {
  override readonly name = 'SkipMessage'
  override readonly message = 'the handler skipped the message'
}

/**
 * Error that a handler throws to get its message again, without a limit. The messages behind it in its lane wait. So do
 * those of a codec that throws it, because what it needs is not there.
 *
 * @example
 * if (!warehouse.isOpen()) throw new NackMessage({ delay: 60_000 })
 */
export class NackMessage extends Error {
  override readonly name = 'NackMessage'
  override readonly message = 'the handler wants the message again'
  /** Pause before the next attempt, ms; undefined: as `retry` says. */
  readonly delay: number | undefined

  /**
   * @param options.delay ms until the next attempt, @default as `retry` says
   * @param options.cause the error for which it is thrown, which the log then has, @default none
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a delay that is no time, and for options that are unknown
   */
  constructor (options: { delay?: number, cause?: unknown } = {}) {
    // An error comes from `.catch(message.nack)`.
    super(undefined, options instanceof Error ? { cause: options } : options)
    if (!(options instanceof Error)) onlyKnown('', options, ['delay', 'cause'])
    const { delay } = options
    if (delay !== undefined) number('delay', delay, 0, LONGEST_TIMER)
    this.delay = delay
  }
}

/**
 * Error that a handler throws to move its message to the dead-letter topic at once.
 *
 * @example
 * if (order.total < 0) throw new RejectMessage('a negative total')
 */
export class RejectMessage extends Error {
  override readonly name = 'RejectMessage'

  /** @param reason message of the dead letter's error, @default 'the handler rejected the message' */
  constructor (reason = 'the handler rejected the message') {
    super(reason)
  }
}

/**
 * Error that a handler throws to stop its subscriber. The message is not settled: it is redelivered to the next
 * process that reads the partition.
 *
 * @example
 * if (await isMaintenance()) throw new StopConsume()
 */
export class StopConsume extends Error {
  override readonly name = 'StopConsume'
  override readonly message = 'the handler stops its subscriber'
}

/** The decision that a thrown value stands for; undefined when it is a failure. */
export function decisionOf (thrown: unknown): Decision | undefined {
  if (thrown instanceof AckMessage) return { kind: 'ack' }
  if (thrown instanceof NackMessage) return { kind: 'nack', error: thrown, delay: thrown.delay }
  if (thrown instanceof RejectMessage) return { kind: 'reject', error: thrown }
  return undefined
}
