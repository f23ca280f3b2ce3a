import { isBytes } from '../codec/bytes.js'
import type { Violation } from '../codec/violations.js'
import type { Validator } from './validator.js'

/** Why bytes are refused that a schema does not ask for. */
export const NO_BYTES: Violation = Object.freeze({
  instancePath: '',
  keyword: 'type',
  params: {},
  message: 'must not be bytes: only a schema that asks for bytes allows them, such as Type.Uint8Array()'
})

/** How many of the bytes the look-alike has. */
const HEAD = 64

type Refusal = NonNullable<Validator['errors']>[number]

/** TypeBox's `Type.Uint8Array()`, which is no JSON Schema. */
interface BytesSchema {
  readonly type: 'Uint8Array'
  readonly minByteLength?: number
  readonly maxByteLength?: number
}

export function isBytesSchema (schema: unknown): schema is BytesSchema {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'Uint8Array'
}

/** The validator of `Type.Uint8Array()`: Ajv cannot compile it. */
export function bytesValidator ({ minByteLength = 0, maxByteLength = Infinity }: BytesSchema): Validator {
  const validate: Validator = (value: unknown) => {
    validate.errors = null
    if (!isBytes(value)) validate.errors = [violation('type', 'must be bytes')]
    else if (value.byteLength < minByteLength) {
      validate.errors = [violation('minByteLength', `must have at least ${minByteLength} bytes`)]
    } else if (value.byteLength > maxByteLength) {
      validate.errors = [violation('maxByteLength', `must have at most ${maxByteLength} bytes`)]
    }
    return validate.errors === null
  }
  return validate
}

/**
 * A plain object that has the members of the bytes: their content and what describes them. A validator that accepts it
 * does not ask for bytes; it only took them for an object.
 */
export function lookAlikeOf (bytes: Buffer): object {
  const { byteLength, byteOffset, buffer } = bytes
  const described = { length: byteLength, byteLength, byteOffset, offset: byteOffset, buffer, parent: buffer }
  const hidden = Object.entries(described).map(([name, value]) => [name, { value }] as const)
  const lookAlike: object = Object.create(Object.create(Object.prototype, Object.fromEntries(hidden)))
  return Object.assign(lookAlike, { ...bytes.subarray(0, HEAD) })
}

function violation (keyword: string, message: string): Refusal {
  return { instancePath: '', schemaPath: `#/${keyword}`, keyword, params: {}, message }
}
