import { FASTSTREAM_ERR_VALIDATION } from '../errors.js'
import type { Compiler } from './ajv.js'
import { compileWith, runWith, type About, type Refuse, type Validate } from './validator.js'
import { invalid } from '../codec/violations.js'

export type { Validate } from './validator.js'

/**
 * Compiles the check of a received part.
 *
 * @param compiler the compiler that the routes of the scope use: one schema, one verdict
 * @throws FASTSTREAM_ERR_SCHEMA_BUILD
 */
export function compileIncoming (compiler: Compiler, schema: unknown, about: About): Validate {
  const { part } = about
  const refuse: Refuse = (found) => invalid(part, found, (...args) => new FASTSTREAM_ERR_VALIDATION(...args))
  const validate = runWith(compileWith(compiler, schema, about), refuse)
  // Text is never null: a null key is no key.
  return part === 'key' ? (key) => validate(key ?? undefined) : validate
}
