import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_VALIDATION } from '../errors.js'
import { ajvCompiler, type AjvOptions, type Compiler } from './ajv.js'
import { compileWith, runWith, type About, type Validate } from './validator.js'
import { describe, violationsOf } from './violations.js'

export type { Validate } from './validator.js'

/** One schema, one verdict: the compiler that was set by hand in the scope, else the one that Fastify makes for its routes. */
export function incomingCompiler (scope: FastifyInstance, custom: Compiler | undefined, ajv: AjvOptions | undefined): Compiler {
  return custom ?? ajvCompiler(scope, ajv)
}

/** @throws FASTSTREAM_ERR_SCHEMA_BUILD */
export function compileIncoming (compiler: Compiler, schema: unknown, about: About): Validate {
  const { part } = about
  const validate = runWith(compileWith(compiler, schema, about), (errors) => invalid(part, errors))
  // Text is never null: a null key is no key.
  return part === 'key' ? (key) => validate(key ?? undefined) : validate
}

function invalid (part: About['part'], errors: unknown): Error {
  const validation = violationsOf(errors)
  const reason = describe(part, errors, validation)
  const error = errors instanceof Error ? new FASTSTREAM_ERR_VALIDATION(reason, { cause: errors }) : new FASTSTREAM_ERR_VALIDATION(reason)
  return Object.assign(error, { validation, validationContext: part })
}
