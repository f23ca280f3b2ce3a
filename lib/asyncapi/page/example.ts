import { dictionary, isDictionary, list, type Dictionary, type Pointers } from './json.js'
import { alternativesOf, shapeOf } from './shape.js'

/* A value made from its schema: the same each time, small, and valid where that can be had without a solver. */

/** Limits of depth and size: a few schemas that refer to each other several times produce very many values. */
const DEEPEST = 8
const MOST = 500

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T12:00:00Z',
  date: '2026-01-31',
  time: '12:00:00Z',
  duration: 'P1D',
  email: 'ada@example.com',
  'idn-email': 'ada@example.com',
  hostname: 'example.com',
  'idn-hostname': 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  iri: 'https://example.com/',
  'uri-reference': '/path',
  'uri-template': '/orders/{id}',
  'json-pointer': '/path',
  uuid: '3f2c8a10-5b7e-4c1d-9a4f-0e6b2d7c8f91',
  byte: 'aGVsbG8='
}

interface Sampling {
  readonly pointers: Pointers
  /** Number of values that the example may still get. */
  left: number
}

export function exampleOf (value: unknown, pointers: Pointers): unknown {
  return sample(value, { pointers, left: MOST }, []) ?? null
}

/**
 * @param within the names of the schemas on the way here
 * @returns undefined for what would have to contain itself
 */
function sample (value: unknown, sampling: Sampling, within: readonly unknown[]): unknown {
  const { schema, name } = shapeOf(value, sampling.pointers)
  if (name !== undefined && within.includes(name)) return undefined
  if (within.length > DEEPEST || sampling.left-- <= 0) return null
  const given = [
    schema.example, list(schema.examples)[0], schema.const, schema.default, list(schema.enum)[0]
  ].find((given) => given !== undefined)
  if (given !== undefined) return given
  const inside = [...within, name]
  for (const alternative of alternativesOf(schema) ?? []) {
    const chosen = sample(alternative, sampling, inside)
    if (chosen !== undefined) {
      return isDictionary(chosen) ? { ...objectOf(schema, sampling, inside), ...chosen } : chosen
    }
  }
  switch (simpleType(schema)) {
    case 'object': return objectOf(schema, sampling, inside)
    case 'array': return arrayOf(schema, sampling, inside)
    case 'string': return stringOf(schema)
    case 'integer': return numberOf(schema, 1)
    case 'number': return numberOf(schema, 0.5)
    case 'boolean': return true
    default: return null
  }
}

/** Returns the type; of several types, the first that is not `null`. */
function simpleType ({ type, properties, items, additionalProperties }: Dictionary): unknown {
  if (Array.isArray(type)) return type.find((type) => type !== 'null')
  if (type !== undefined) return type
  if (properties !== undefined || additionalProperties !== undefined) return 'object'
  return items === undefined ? 'nothing' : 'array'
}

function objectOf (schema: Dictionary, sampling: Sampling, within: readonly unknown[]): Dictionary | undefined {
  const { properties, additionalProperties } = schema
  const made = Object.entries(dictionary(properties)).map(
    ([name, value]) => [name, sample(value, sampling, within)] as const
  )
  const required = new Set(list(schema.required))
  if (made.some(([name, value]) => value === undefined && required.has(name))) return undefined
  if (made.length === 0 && isDictionary(additionalProperties)) {
    made.push(['name', sample(additionalProperties, sampling, within)])
  }
  // An assignment would not create a property with the name __proto__.
  return Object.fromEntries(made.filter(([, value]) => value !== undefined))
}

function arrayOf ({ items, minItems = 1 }: Dictionary, sampling: Sampling, within: readonly unknown[]): unknown[] {
  if (Array.isArray(items)) return items.map((item) => sample(item, sampling, within))
  if (!isDictionary(items)) return []
  return Array.from(
    { length: Math.min(Math.max(Number(minItems), 1), 3) }, () => sample(items, sampling, within)
  ).filter((item) => item !== undefined)
}

function stringOf ({ format, minLength = 0, maxLength = Infinity, contentEncoding }: Dictionary): string {
  if (contentEncoding === 'base64') return 'aGVsbG8='
  if (typeof format === 'string' && Object.hasOwn(FORMATS, format)) return FORMATS[format] as string
  return 'text'.padEnd(Math.min(Number(minLength), 200), '.').slice(0, Number(maxLength))
}

function numberOf (schema: Dictionary, step: number): number {
  const {
    minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf
  } = schema as Readonly<Record<string, number | undefined>>
  const unit = multipleOf ?? step
  const least = exclusiveMinimum === undefined ? minimum : Math.floor(exclusiveMinimum / unit) * unit + unit
  const most = exclusiveMaximum === undefined ? maximum : Math.ceil(exclusiveMaximum / unit) * unit - unit
  const from = least ?? Math.min(multipleOf ?? 1, most ?? Infinity)
  return Math.ceil(from / unit) * unit
}
