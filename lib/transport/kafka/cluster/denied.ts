import { notAuthorized, type Right } from '../../../missing-rights.js'
import type { Api } from '../wire.js'
import { CODE, ProtocolError } from './protocol-errors.js'

/** Resource that a request was about. */
export interface Asked {
  readonly topic?: string
  readonly groupId?: string
}

/** The right on a topic that a request needs; for all others it is Describe. */
const ON_TOPIC: { readonly [Kind in Api]?: Right['operation'] } = {
  Produce: 'Write',
  Fetch: 'Read',
  OffsetCommit: 'Read'
}

/** The cluster refuses a request because this client lacks a right. */
export class DeniedError extends ProtocolError {
  readonly right: Right

  constructor (errorCode: number, right: Right) {
    super(errorCode)
    this.right = right
  }
}

/** The error of an answer: the right that is missing, or else the error code alone. */
export function answerError (errorCode: number, api: Api, { topic = '', groupId = '' }: Asked = {}): ProtocolError {
  const right = (resource: Right['resource'], name: string, operation: Right['operation']) => (
    new DeniedError(errorCode, { operation, resource, name }))
  if (errorCode === CODE.topicAuthorizationFailed) return right('topic', topic, ON_TOPIC[api] ?? 'Describe')
  // Some requests ask for Describe, which Read includes, and no member can do without Read.
  if (errorCode === CODE.groupAuthorizationFailed) return right('group', groupId, 'Read')
  if (errorCode === CODE.clusterAuthorizationFailed) return right('cluster', '', 'IdempotentWrite')
  return new ProtocolError(errorCode)
}

export function throwIfFailed (errorCode: number, api: Api, asked?: Asked): void {
  if (errorCode !== CODE.none) throw answerError(errorCode, api, asked)
}

/** The error as the app sees it: `FASTSTREAM_ERR_NOT_AUTHORIZED` where a right is missing. */
export function namedError (error: Error, principal: string | undefined): Error {
  return error instanceof DeniedError ? notAuthorized([error.right], principal, { cause: error }) : error
}
