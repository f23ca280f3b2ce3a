import { Components } from '../../lib/asyncapi/schema/components.js'
import { define } from '../../lib/asyncapi/schema/definition.js'
import { jsonSchemaOf } from '../../lib/asyncapi/schema/json-schema.js'
import { References } from '../../lib/asyncapi/schema/references.js'

export function definitionOf (given: unknown, shared: Record<string, unknown> = {}, name = 'Payload') {
  const found = jsonSchemaOf(given)
  return 'schema' in found ? define(found.schema, References.ofScope(shared), name) : undefined
}

/** What a document makes of one schema: where it is, and `components.schemas`. */
export function convert (schema: unknown, shared: Record<string, unknown> = {}) {
  const components = new Components()
  const definition = definitionOf(schema, shared)
  if (definition === undefined) return undefined
  const { $ref } = components.refer(definition)
  return { $ref: $ref.replace('#/components/schemas/', ''), schemas: components.schemas }
}

/** The same for a schema without references. */
export function plain (schema: object): unknown {
  return convert(schema)?.schemas.Payload
}

export const to = (name: string) => ({ $ref: `#/components/schemas/${name}` })
