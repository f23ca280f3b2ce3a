import { isSchema, type Schema } from './keywords.js'

const TYPES: readonly unknown[] = ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']
const ANCHORED_ANYTHING = ['^.*$', '^(.*)$']

/** Types of TypeBox beyond JSON, and the JSON that is written for them, if there is one. */
const JAVASCRIPT_TYPES: Readonly<Record<string, Schema>> = {
  Date: { type: 'string', format: 'date-time' },
  bigint: { type: 'integer', format: 'int64' },
  Uint8Array: { type: 'string', format: 'binary' },
  undefined: { not: {} },
  void: { not: {} }
}

/**
 * Each rule rewrites one keyword of a newer draft, of OpenAPI or of TypeBox into draft-07, which AsyncAPI reads. The
 * subschemas have been rewritten already.
 */
const RULES = [
  tuple, dependencies, nullable, exclusive, safeInteger, example, discriminator, constants, record, regExp, type
]

export function toDraft7 (schema: Schema): Schema {
  // Both keywords only forbid: without them the schema is wider, and not wrong.
  const { unevaluatedProperties, unevaluatedItems, ...rest } = schema
  return RULES.reduce((schema, rule) => rule(schema), rest)
}

function tuple ({ prefixItems, ...schema }: Schema): Schema {
  if (prefixItems === undefined) return schema
  const { items, ...rest } = schema
  return { ...rest, items: prefixItems, ...(items !== undefined && { additionalItems: items }) }
}

function dependencies ({ dependentRequired, dependentSchemas, ...schema }: Schema): Schema {
  if (dependentRequired === undefined && dependentSchemas === undefined) return schema
  return { ...schema, dependencies: Object.assign({}, schema.dependencies, dependentRequired, dependentSchemas) }
}

function nullable ({ nullable, ...schema }: Schema): Schema {
  if (nullable !== true || schema.type === undefined) return schema
  return { ...schema, type: [...new Set([schema.type, 'null'].flat())] }
}

/** Draft-04 has booleans that say how the limit is meant. */
function exclusive (schema: Schema): Schema {
  const done = { ...schema }
  for (const [flag, limit] of [['exclusiveMinimum', 'minimum'], ['exclusiveMaximum', 'maximum']] as const) {
    if (typeof schema[flag] !== 'boolean') continue
    delete done[flag]
    if (!schema[flag] || schema[limit] === undefined) continue
    done[flag] = schema[limit]
    delete done[limit]
  }
  return done
}

/** Zod writes the limits of JavaScript's integers, which say nothing about the values of an app. */
function safeInteger (schema: Schema): Schema {
  const { minimum, maximum, ...rest } = schema
  if (schema.type !== 'integer') return schema
  return {
    ...rest,
    ...minimum !== undefined && minimum !== Number.MIN_SAFE_INTEGER && { minimum },
    ...maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER && { maximum }
  }
}

function example ({ example, ...schema }: Schema): Schema {
  return example === undefined ? schema : { examples: [example], ...schema }
}

/** OpenAPI's and Ajv's is an object. */
function discriminator (schema: Schema): Schema {
  return isSchema(schema.discriminator) ? { ...schema, discriminator: schema.discriminator.propertyName } : schema
}

/** A union of literals is one line in a page, not one box for each. */
function constants (schema: Schema): Schema {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf) || anyOf.length === 0 || !anyOf.every(isConstant) || 'enum' in rest) return schema
  const [type, ...others] = new Set(anyOf.map((each) => each.type))
  return { ...rest, ...(others.length === 0 && { type }), enum: anyOf.map((each) => each.const) }
}

function isConstant (schema: unknown): schema is Schema {
  if (!isSchema(schema) || !('const' in schema)) return false
  return Object.keys(schema).every((keyword) => keyword === 'const' || keyword === 'type')
}

function record (schema: Schema): Schema {
  const { patternProperties, ...rest } = schema
  if (!isSchema(patternProperties) || 'properties' in rest) return schema
  const [[pattern, value] = [], ...others] = Object.entries(patternProperties)
  const isRecord = pattern !== undefined && ANCHORED_ANYTHING.includes(pattern) && others.length === 0
  return isRecord ? { ...rest, additionalProperties: value } : schema
}

function regExp (schema: Schema): Schema {
  const { source, flags, ...rest } = schema
  if (rest.type !== 'RegExp') return schema
  return { ...rest, type: 'string', ...(flags === '' && { pattern: source }) }
}

function type (schema: Schema): Schema {
  if (schema.type === undefined || TYPES.includes(schema.type)) return schema
  const { type, ...rest } = schema
  if (typeof type === 'string' && Object.hasOwn(JAVASCRIPT_TYPES, type)) return { ...rest, ...JAVASCRIPT_TYPES[type] }
  const known = [type].flat().filter((each) => TYPES.includes(each))
  if (known.length === 0) return rest
  return { ...rest, type: known.length === 1 ? known[0] : known }
}
