import { FASTSTREAM_ERR_FENCED } from '../../../errors.js'
import { reasonOf } from '../../../to-error.js'
import { WireError } from '../wire.js'

/** The protocol's names of its error codes, from 0 on. */
const NAMES = `
  NONE OFFSET_OUT_OF_RANGE CORRUPT_MESSAGE UNKNOWN_TOPIC_OR_PARTITION INVALID_FETCH_SIZE LEADER_NOT_AVAILABLE
  NOT_LEADER_OR_FOLLOWER REQUEST_TIMED_OUT BROKER_NOT_AVAILABLE REPLICA_NOT_AVAILABLE MESSAGE_TOO_LARGE
  STALE_CONTROLLER_EPOCH OFFSET_METADATA_TOO_LARGE NETWORK_EXCEPTION COORDINATOR_LOAD_IN_PROGRESS
  COORDINATOR_NOT_AVAILABLE NOT_COORDINATOR INVALID_TOPIC_EXCEPTION RECORD_LIST_TOO_LARGE NOT_ENOUGH_REPLICAS
  NOT_ENOUGH_REPLICAS_AFTER_APPEND INVALID_REQUIRED_ACKS ILLEGAL_GENERATION INCONSISTENT_GROUP_PROTOCOL
  INVALID_GROUP_ID UNKNOWN_MEMBER_ID INVALID_SESSION_TIMEOUT REBALANCE_IN_PROGRESS INVALID_COMMIT_OFFSET_SIZE
  TOPIC_AUTHORIZATION_FAILED GROUP_AUTHORIZATION_FAILED CLUSTER_AUTHORIZATION_FAILED INVALID_TIMESTAMP
  UNSUPPORTED_SASL_MECHANISM ILLEGAL_SASL_STATE UNSUPPORTED_VERSION TOPIC_ALREADY_EXISTS INVALID_PARTITIONS
  INVALID_REPLICATION_FACTOR INVALID_REPLICA_ASSIGNMENT INVALID_CONFIG NOT_CONTROLLER INVALID_REQUEST
  UNSUPPORTED_FOR_MESSAGE_FORMAT POLICY_VIOLATION OUT_OF_ORDER_SEQUENCE_NUMBER DUPLICATE_SEQUENCE_NUMBER
  INVALID_PRODUCER_EPOCH INVALID_TXN_STATE INVALID_PRODUCER_ID_MAPPING INVALID_TRANSACTION_TIMEOUT
  CONCURRENT_TRANSACTIONS TRANSACTION_COORDINATOR_FENCED TRANSACTIONAL_ID_AUTHORIZATION_FAILED SECURITY_DISABLED
  OPERATION_NOT_ATTEMPTED KAFKA_STORAGE_ERROR LOG_DIR_NOT_FOUND SASL_AUTHENTICATION_FAILED UNKNOWN_PRODUCER_ID
  REASSIGNMENT_IN_PROGRESS DELEGATION_TOKEN_AUTH_DISABLED DELEGATION_TOKEN_NOT_FOUND DELEGATION_TOKEN_OWNER_MISMATCH
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED DELEGATION_TOKEN_AUTHORIZATION_FAILED DELEGATION_TOKEN_EXPIRED
  INVALID_PRINCIPAL_TYPE NON_EMPTY_GROUP GROUP_ID_NOT_FOUND FETCH_SESSION_ID_NOT_FOUND INVALID_FETCH_SESSION_EPOCH
  LISTENER_NOT_FOUND TOPIC_DELETION_DISABLED FENCED_LEADER_EPOCH UNKNOWN_LEADER_EPOCH UNSUPPORTED_COMPRESSION_TYPE
  STALE_BROKER_EPOCH OFFSET_NOT_AVAILABLE MEMBER_ID_REQUIRED PREFERRED_LEADER_NOT_AVAILABLE GROUP_MAX_SIZE_REACHED
  FENCED_INSTANCE_ID ELIGIBLE_LEADERS_NOT_AVAILABLE ELECTION_NOT_NEEDED NO_REASSIGNMENT_IN_PROGRESS
  GROUP_SUBSCRIBED_TO_TOPIC INVALID_RECORD UNSTABLE_OFFSET_COMMIT THROTTLING_QUOTA_EXCEEDED PRODUCER_FENCED
`.trim().split(/\s+/)

/** Codes after which the same request may succeed later. */
const RETRIABLE = new Set([
  2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89
])

/** Error codes that the client asks for. */
export const CODE = {
  unknown: -1,
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  messageTooLarge: 10,
  offsetMetadataTooLarge: 12,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  recordListTooLarge: 18,
  notEnoughReplicas: 19,
  illegalGeneration: 22,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  invalidCommitOffsetSize: 28,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  topicAlreadyExists: 36,
  notController: 41,
  groupIdNotFound: 69,
  memberIdRequired: 79,
  fencedInstanceId: 82
} as const

/** An error code of the protocol, with its name in Kafka's documentation. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly errorCode: number
  readonly type: string

  constructor (errorCode: number, message?: string) {
    const type = NAMES[errorCode] ?? 'UNKNOWN_SERVER_ERROR'
    super(message ?? `${type.toLowerCase().replaceAll('_', ' ')} (${type}, ${errorCode})`)
    this.errorCode = errorCode
    this.type = type
  }

  get retriable (): boolean {
    return RETRIABLE.has(this.errorCode)
  }
}

/** The operation ran out of time, or its client was closed. The cause is its last failure. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  readonly reason: 'timeout' | 'closed'

  constructor (reason: InterruptedError['reason'], lastFailure?: unknown) {
    super(reason === 'closed' ? 'it was closed' : reasonOf(lastFailure ?? 'no answer in time'), { cause: lastFailure })
    this.reason = reason
  }
}

/** Codes that refuse the records, or who sends them, before anything is appended. */
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP', 'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'INVALID_TOPIC_EXCEPTION', 'POLICY_VIOLATION', 'INVALID_REQUIRED_ACKS',
  'TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED'
])

export function isRefusal ({ type }: ProtocolError): boolean {
  return REFUSALS.has(type)
}

export function isTooLarge (error: unknown): boolean {
  if (!(error instanceof ProtocolError)) return false
  return error.errorCode === CODE.messageTooLarge || error.errorCode === CODE.recordListTooLarge
}

/**
 * True when the same request would be answered alike. What is not known to be final is tried again until its time is
 * up.
 */
export function isFinal (error: unknown): boolean {
  if (error instanceof ProtocolError) return !error.retriable
  if (error instanceof WireError) return error.reason === 'authentication'
  return isCoded(error)
}

/** True when the cluster refuses who we are or what we may do, or cannot work with this client at all. */
export function isRefused (error: unknown): boolean {
  if (error instanceof ProtocolError) return /SASL|AUTHENTICATION|AUTHORIZATION/.test(error.type)
  if (error instanceof WireError) return error.reason === 'authentication'
  return isCoded(error)
}

/** True for an error of our catalogue: it names its cure, and trying again is none. */
export function isCoded (error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('FASTSTREAM_ERR_')
}

/** True when another consumer took the place of this static member. */
export function isFenced (error: Error): boolean {
  return error instanceof FASTSTREAM_ERR_FENCED
}

/** True when a Produce request that got this answer certainly did not append its records. */
export function isNeverAppended (errorCode: number): boolean {
  return errorCode === CODE.notEnoughReplicas || errorCode === CODE.unknownTopicOrPartition
}
