import type { Middleware } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { callable, isObject } from './assert.js'

const MOMENTS = ['onReceive', 'consumeScope', 'publishScope', 'afterProcessed'] as const

/**
 * Checks a middleware, which may be an instance of a class: members of other names are its own.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function checkMiddleware (option: string, middleware: Middleware): Middleware {
  const moments = isObject(middleware) ? MOMENTS.filter((moment) => middleware[moment] !== undefined) : []
  if (moments.length === 0) {
    const cure = `must be an object (of a class: an instance) with one of ${MOMENTS.join(', ')} at least`
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  for (const moment of moments) callable(`${option}.${moment}`, middleware[moment], 'must be a function')
  return middleware
}
