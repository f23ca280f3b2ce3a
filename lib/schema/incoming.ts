import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_VALIDATION } from '../errors.js'
import { ajvCompiler, type AjvOptions, type Compiler } from './ajv.js'
import { compileWith, runWith, type About, type Refuse, type Validate } from './validator.js'
import { invalid } from '../codec/violations.js'

export type { Validate } from './validator.js'

/** One schema, one verdict: the compiler that was set by hand in the scope, else Fastify's compiler for its routes. */
export function incomingCompiler (
  scope: FastifyInstance, custom: Compiler | undefined, ajv: AjvOptions | undefined
): Compiler {
  return custom ?? ajvCompiler(scope, ajv)
}

/** @throws FASTSTREAM_ERR_SCHEMA_BUILD */
export function compileIncoming (compiler: Compiler, schema: unknown, about: About): Validate {
  const { part } = about
  const refuse: Refuse = (found) => invalid(part, found, (...args) => new FASTSTREAM_ERR_VALIDATION(...args))
  const validate = runWith(compileWith(compiler, schema, about), refuse)
  // Text is never null: a null key is no key.
  return part === 'key' ? (key) => validate(key ?? undefined) : validate
}
