import type { FastifyRequest } from 'fastify'
import type { AsyncapiOperation, AsyncapiPublish } from '../../../types/asyncapi.js'
import { within, type Clock } from '../../clock.js'
import { FASTSTREAM_ERR_PUBLISH_AUTHORIZE } from '../../errors.js'

/** ms */
const TIMEOUT = 10_000

/**
 * Asks the app's `authorize`. In plain JavaScript it may return anything: only `true` allows.
 *
 * @throws FASTSTREAM_ERR_PUBLISH_AUTHORIZE when it throws, or does not answer in time. The text of its error is for the
 *   log; its status tells the client what to do, for example to log in.
 */
export async function isAuthorized (
  authorize: AsyncapiPublish['authorize'], request: FastifyRequest, operation: AsyncapiOperation, clock: Clock
): Promise<boolean> {
  let answer: unknown
  const answered = async (): Promise<void> => { answer = await authorize(request, operation) }
  const inTime = await within(clock, TIMEOUT, answered()).catch((cause) => {
    throw withStatus(new FASTSTREAM_ERR_PUBLISH_AUTHORIZE(operation.id, 'failed', { cause }), statusOf(cause))
  })
  if (inTime) return answer === true
  const reason = `did not answer within ${TIMEOUT / 1000} s`
  throw withStatus(new FASTSTREAM_ERR_PUBLISH_AUTHORIZE(operation.id, reason), 503)
}

function withStatus (error: Error, statusCode: number): Error {
  return Object.assign(error, { statusCode })
}

/** What else it threw is a fault of the app. */
function statusOf (thrown: { readonly statusCode?: unknown } | null | undefined): number {
  const status = thrown?.statusCode
  return typeof status === 'number' && status >= 400 && status <= 499 ? status : 500
}
