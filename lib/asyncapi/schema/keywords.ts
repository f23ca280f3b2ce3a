import { isObject } from '../../options/assert.js'

export type Schema = Record<string, unknown>

/** Keywords whose values are schemas, or lists of them. */
const SCHEMAS = new Set([
  'additionalItems', 'additionalProperties', 'allOf', 'anyOf', 'contains', 'else', 'if', 'items', 'not', 'oneOf',
  'prefixItems', 'propertyNames', 'then', 'unevaluatedItems', 'unevaluatedProperties'
])
/** Keywords whose values hold schemas under names, which are no keywords. */
const MAPS = new Set(['$defs', 'definitions', 'dependencies', 'dependentSchemas', 'patternProperties', 'properties'])

export function isSchema (value: unknown): value is Schema {
  return isObject(value)
}

/**
 * A copy in which `map` has been applied to each direct subschema. Everything else (`const`, `default`, unknown
 * keywords) is data.
 */
export function mapSubschemas (schema: Schema, map: (sub: unknown) => unknown): Schema {
  return Object.fromEntries(Object.entries(schema).map(([keyword, value]) => {
    if (SCHEMAS.has(keyword)) return [keyword, Array.isArray(value) ? value.map(map) : map(value)]
    if (MAPS.has(keyword) && isSchema(value)) {
      return [keyword, Object.fromEntries(Object.entries(value).map(([name, sub]) => [name, map(sub)]))]
    }
    return [keyword, value]
  }))
}
