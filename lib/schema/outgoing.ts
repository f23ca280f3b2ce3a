import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_INVALID_MESSAGE } from '../errors.js'
import { ajvCompiler, type AjvOptions, type Compiler } from './ajv.js'
import { isBytes, toBuffer } from '../codec/bytes.js'
import { isJson, jsonImage } from '../codec/json.js'
import { isSmall } from './small.js'
import { compileWith, isAjv, runWith, type About, type Refuse, type Validate, type Validator } from './validator.js'
import { invalid } from '../codec/violations.js'

/** Throws when the value must not be sent, also because JSON has no form for it; never changes it. */
export type Check = (value: unknown) => void

/** The first error ends the check: a value that a bound has stopped must not reach the checks behind the bound. */
const STRICT = { coerceTypes: false, useDefaults: false, removeAdditional: false, allErrors: false }
/**
 * Keys and headers are text on the wire and a number is read out of it: coercion stays. So does removal, because the
 * broker adds headers of its own.
 */
const STRICT_TEXT = { useDefaults: false, allErrors: false }

/**
 * Compiles a check of the value as it will be on the wire: every reader of the topic must find that it matches the
 * schema.
 *
 * @param custom the compiler that was set by hand in the scope
 * @throws FASTSTREAM_ERR_SCHEMA_BUILD
 */
export function compileOutgoing (
  scope: FastifyInstance, schema: unknown, about: About, ajv: AjvOptions | undefined, custom?: Compiler
): Check {
  const { topic, part } = about
  const overrides = part === 'value' ? STRICT : STRICT_TEXT
  const strict = (allErrors: boolean): Validator => {
    return compileWith(ajvCompiler(scope, ajv, { ...overrides, allErrors }), schema, about)
  }
  const refuse: Refuse = (found) => {
    return invalid(part, found, (...args) => new FASTSTREAM_ERR_INVALID_MESSAGE(topic, ...args))
  }
  const own = custom && compileWith(custom, schema, about)
  const first = own === undefined ? strict(false) : strictBeside(own, () => strict(false)) ?? own
  const runFirst = runWith(first, refuse)
  let runAll: Validate | undefined

  /** The sender of a small value can mend all its errors at once. Of a large one there could be any number. */
  function run (payload: unknown): void {
    try {
      runFirst(payload)
    } catch (error) {
      if (first !== own && isSmall(payload)) (runAll ??= runWith(strict(true), refuse))(payload)
      throw error
    }
  }

  // Only Ajv as it is by default is known to leave alone what it checks.
  const mayChange = part !== 'value' || ajv !== undefined || custom !== undefined

  return function check (value) {
    if (part === 'key' && (value === null || value === undefined)) run(undefined)
    else if (isBytes(value)) run(toBuffer(value))
    else if (!mayChange && isJson(value)) run(value)
    else run(jsonImage(value, part, topic))
  }
}

/**
 * A compiler set by hand may be the only one that knows its schemas (Zod, TypeBox's own): it decides, though the value
 * that it returns is not sent. A compiler that makes Ajv validators reads JSON Schema and may coerce: where our own
 * compiler knows all that the schema uses, the stricter one of ours decides.
 */
function strictBeside (own: Validator, strict: () => Validator): Validator | undefined {
  if (!isAjv(own)) return undefined
  try {
    return strict()
  } catch {
    return undefined
  }
}
