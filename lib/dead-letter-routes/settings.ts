import type { DeadLetterRoutes } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { callable, onlyKnown } from '../options/assert.js'

/** The option `deadLetters`, checked and complete. */
export interface RouteSettings {
  readonly prefix: string
  readonly authorize: DeadLetterRoutes['authorize']
}

/** Undefined: there are no routes. @throws FASTSTREAM_ERR_INVALID_OPTION */
export function checkRoutes (given: DeadLetterRoutes | undefined): RouteSettings | undefined {
  if (given === undefined) return undefined
  onlyKnown('deadLetters.', given, ['prefix', 'authorize'])
  const { prefix = '/dead-letters', authorize } = given
  if (!/^(\/[^/*?#:]+)+$/.test(prefix)) {
    const cure = "must begin with '/', not end with it, and have no '*', '?', '#' or ':'"
    throw new FASTSTREAM_ERR_INVALID_OPTION('deadLetters.prefix', cure)
  }
  const what = 'must be a function of request and action: it says who may see and redrive messages'
  if (authorize !== undefined) callable('deadLetters.authorize', authorize, what)
  else if (process.env.NODE_ENV === 'production') {
    throw new FASTSTREAM_ERR_INVALID_OPTION('deadLetters.authorize', `is required in production, ${what}`)
  }
  return { prefix, authorize }
}
