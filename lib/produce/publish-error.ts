import {
  FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_PARTITION, FASTSTREAM_ERR_PUBLISH_REFUSED, FASTSTREAM_ERR_PUBLISH_TIMEOUT,
  FASTSTREAM_ERR_TOPICS, FASTSTREAM_ERR_UNAVAILABLE, FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_UNKNOWN_TOPIC
} from '../errors.js'
import { isNotAuthorized, notAuthorized, type NotAuthorizedError } from '../missing-rights.js'
import { SendError } from '../transport/transport.js'

/* Errors that a publish rejects with. */

const REFUSALS = [FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_PARTITION, FASTSTREAM_ERR_PUBLISH_REFUSED]

/** Whether a publish failed in a way that trying it again cannot cure. */
export function isRefused (error: unknown): boolean {
  return isNotAuthorized(error) || REFUSALS.some((Refusal) => error instanceof Refusal)
}

export function isTooLarge (error: unknown): boolean {
  if (!(error instanceof FASTSTREAM_ERR_PUBLISH_REFUSED)) return false
  return error.cause instanceof SendError && error.cause.reason === 'too-large'
}

/** The error for the caller, who may show it to HTTP clients: what names hosts becomes the cause. */
export function publishError (topic: string, error: Error): Error {
  if (isNotAuthorized(error)) return withoutPrincipal(error)
  if (error instanceof SendError) {
    const failure = isNotAuthorized(error.cause) ? withoutPrincipal(error.cause) : coded(topic, error)
    return Object.assign(failure, { outcome: error.outcome })
  }
  if (FOR_CLIENTS.some((Known) => error instanceof Known) && !tellsCause(error)) return error
  return new FASTSTREAM_ERR_UNAVAILABLE(topic, { cause: error })
}

/** Clients of the app may see what a publish rejects with, but not its cause, which names the app's user. */
function withoutPrincipal (cause: NotAuthorizedError): Error {
  return notAuthorized(cause.rights, undefined, { cause })
}

/** Errors before a send that name nothing but topics. */
const FOR_CLIENTS = [
  FASTSTREAM_ERR_TOPICS, FASTSTREAM_ERR_UNKNOWN_TOPIC, FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_PARTITION
]

/** Topics that could not be prepared have the text of their cause, where a transport gives them one. */
function tellsCause (error: Error): boolean {
  const { cause, message } = error
  return error instanceof FASTSTREAM_ERR_TOPICS && cause instanceof Error && message.includes(cause.message)
}

function coded (topic: string, cause: SendError): Error {
  const { outcome, reason, message } = cause
  if (reason === 'closed') return new FASTSTREAM_ERR_NOT_READY('closed', { cause })
  if (reason === 'timeout') {
    const place = outcome === 'unknown' ? 'it may be in the log' : 'it is not in the log'
    return new FASTSTREAM_ERR_PUBLISH_TIMEOUT(topic, place, { cause })
  }
  return new FASTSTREAM_ERR_PUBLISH_REFUSED(topic, message, { cause })
}
