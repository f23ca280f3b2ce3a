/**
 * Cause of a dead letter's error.
 *
 * @example
 * const isRefused = ({ error }: DeadLetter) => error.cause?.code === 'ECONNREFUSED'
 */
export interface DeadLetterCause {
  readonly name: string
  readonly message: string
  /** Code of the error, as text: `'ECONNREFUSED'`, `'FASTSTREAM_ERR_VALIDATION'`. */
  readonly code: string | undefined
  readonly cause: DeadLetterCause | undefined
}

/**
 * Error of a dead letter. All texts have bounds, and there are four causes of causes at most.
 *
 * @example
 * log.warn({ code: deadLetter.error.code, dependency: deadLetter.error.dependency }, 'order failed')
 */
export interface DeadLetterError extends DeadLetterCause {
  /** Name of the dependency that threw the error, in its factory or its clean-up. */
  readonly dependency: string | undefined
  /** Undefined in production. */
  readonly stack: string | undefined
}

/**
 * Content of the headers `x-dlq-*`: where a message failed first, and when and why it failed last.
 *
 * @example
 * app.broker.subscriber('orders.dlq', (order, { deadLetter, log }) => { log.warn({ ...deadLetter }, 'order failed') })
 */
export interface DeadLetter {
  /** Topic of the original. Partition, offset and timestamp are the original's, too. */
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: Date | undefined
  /** Group and name of the subscriber that could not handle the message. */
  readonly groupId: string | undefined
  readonly subscriber: string | undefined
  /** Step that failed: `deserialize`, `validate`, `retries-exhausted`, `rejected` or `publish`. */
  readonly stage: string
  /** Error of the last attempt. */
  readonly error: DeadLetterError
  /** Violations with JSON pointers, of a message that did not match its schema. */
  readonly validation: unknown
  /** Number of attempts. */
  readonly attempts: number
  /** Number of times that the message was redriven before it failed again. */
  readonly trips: number
  /** Undefined, as the other times, when another program wrote a header that is no time. */
  readonly firstFailureAt: Date | undefined
  readonly failedAt: Date | undefined
  /**
   * True when the message was too large for a dead letter with its value, or when Kafka did not copy the message for a
   * share group. The value is only in the original topic.
   */
  readonly valueOmitted: boolean
  /** True when the key and the headers are not in the dead letter either, but only in the original topic. */
  readonly keyOmitted: boolean
  readonly headersOmitted: boolean
}
