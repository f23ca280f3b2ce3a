import type { FastifyRequest } from 'fastify'
import { callable } from './assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

export type CorrelationId = (request: FastifyRequest) => string

/** The option, whose result is checked: with `undefined` each message of a request would have an id of its own. */
export function checkCorrelationId (option: string, correlationId: CorrelationId): CorrelationId {
  callable(option, correlationId, 'must be a function of the request')
  return function checked (request) {
    const id: unknown = correlationId(request)
    if (typeof id === 'string') return id
    const what = id === undefined ? 'undefined' : `a value of type ${typeof id}`
    const cure = `must return a string, and returned ${what}: where a request has none, return randomUUID()`
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
}
