import { loadKafkajs } from './copy/load.js'

/** What KafkaJS's errors have in common. They are of the private copy: told apart by name and type, never by class. */
interface KafkajsError extends Error {
  readonly retriable?: boolean
}

interface ProtocolError extends KafkajsError {
  readonly type: string
}

/** Its time was up, or its cluster was closed. The cause is what failed last. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  readonly reason: 'timeout' | 'closed'

  constructor (reason: InterruptedError['reason'], lastFailure?: unknown) {
    super(reason === 'closed' ? 'it was closed' : reasonOf(lastFailure ?? 'no answer in time'), { cause: lastFailure })
    this.reason = reason
  }
}

/** Error codes of the protocol that the code below asks for. */
export const code = {
  none: 0,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notEnoughReplicas: 19,
  topicAlreadyExists: 36,
  notController: 41
} as const

export function protocolError (code: number): ProtocolError {
  const { createErrorFromCode } = loadKafkajs().load('src/protocol/error.js') as { createErrorFromCode (code: number): ProtocolError }
  return createErrorFromCode(code)
}

/** These say no to what the records are or to who sends them, before anything is appended. */
const refusals = new Set([
  'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP', 'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'INVALID_TOPIC_EXCEPTION', 'POLICY_VIOLATION', 'INVALID_REQUIRED_ACKS',
  'TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED'
])

export function isRefusal ({ type }: ProtocolError): boolean {
  return refusals.has(type)
}

export function isTooLarge (error: unknown): boolean {
  const { type } = error as Partial<ProtocolError>
  return type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE'
}

/** Asking again would be answered alike. Whatever is not known to be final is tried again until its time is up. */
export function isFinal (error: unknown): boolean {
  const { name, retriable } = error as KafkajsError
  return name === 'KafkaJSSASLAuthenticationError' || name === 'KafkaJSServerDoesNotSupportApiKey' ||
    (name === 'KafkaJSProtocolError' && retriable === false)
}

/** A request that was answered so certainly did not append its records, although it may be worth another try. */
export function isNeverAppended (errorCode: number): boolean {
  return errorCode === code.notEnoughReplicas || errorCode === code.unknownTopicOrPartition
}

export function reasonOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
