import { dictionary, isDictionary, lastSegment, list, show, text, type Dictionary, type Pointers } from './json.js'

/** Node of a schema whose references are resolved. */
export interface Shape {
  /** Members of the schema, with those of `$ref` and `allOf` merged in. */
  readonly schema: Dictionary
  /** Name of the schema in `components.schemas`. */
  readonly name: string | undefined
}

/** Converts a boolean schema: `true` or none allows every value, `false` allows no value. */
export function shapeOf (value: unknown, pointers: Pointers): Shape {
  const { $ref } = dictionary(value)
  const name = typeof $ref === 'string' ? lastSegment($ref) : undefined
  if (value === false) return { schema: { not: {} }, name }
  return { name: name ?? onlyReference(value), schema: merged(pointers.follow(value), pointers, new Set()) }
}

/** Resolves `allOf` with one reference, by which draft-07 adds keywords beside a reference. */
function onlyReference (value: unknown): string | undefined {
  const [first, ...more] = list(dictionary(value).allOf)
  const { $ref } = dictionary(first)
  if (more.length > 0 || typeof $ref !== 'string' || dictionary(value).properties !== undefined) return undefined
  return lastSegment($ref)
}

function merged (schema: Dictionary, pointers: Pointers, seen: Set<Dictionary>): Dictionary {
  const { allOf, ...own } = schema
  if (!Array.isArray(allOf) || seen.has(schema)) return own
  seen.add(schema)
  const parts = [...allOf.map((part) => merged(pointers.follow(part), pointers, seen)), own]
  return {
    ...Object.assign({}, ...parts),
    ...parts.some(({ properties }) => isDictionary(properties)) && {
      properties: union(parts.map(({ properties }) => properties))
    },
    ...parts.some(({ required }) => Array.isArray(required)) && {
      required: parts.flatMap(({ required }) => list(required))
    }
  }
}

/** Defines a property; an assignment would not create one with the name __proto__. */
function union (objects: readonly unknown[]): Dictionary {
  return Object.fromEntries(objects.flatMap((object) => Object.entries(dictionary(object))))
}

/** Names a type in words: 'array of Order', 'string | null'. */
export function typeOf ({ schema, name }: Shape, pointers: Pointers): string {
  if (name !== undefined) return name
  const { type, items } = schema
  const alternatives = alternativesOf(schema)
  if (alternatives !== undefined) {
    return [...new Set(alternatives.map((schema) => typeOf(shapeOf(schema, pointers), pointers)))].join(' | ')
  }
  if (type === 'array' || (type === undefined && items !== undefined)) {
    return Array.isArray(items)
      ? 'tuple'
      : `array of ${items === undefined
? 'anything'
: typeOf(
      shapeOf(items, pointers), pointers
    )}`
  }
  if (Array.isArray(type)) return type.map(show).join(' | ')
  if (typeof type === 'string') return type
  if (isDictionary(schema.properties)) return 'object'
  if ('const' in schema) return 'constant'
  if ('enum' in schema) return 'enumeration'
  return 'not' in schema && Object.keys(dictionary(schema.not)).length === 0 ? 'nothing' : 'anything'
}

export function alternativesOf ({ oneOf, anyOf }: Dictionary): readonly unknown[] | undefined {
  if (Array.isArray(oneOf)) return oneOf
  return Array.isArray(anyOf) ? anyOf : undefined
}

/** Constraints of values beside their type, each as a short text. */
export function constraintsOf (schema: Dictionary): string[] {
  const {
    format,
    pattern,
    multipleOf,
    uniqueItems,
    additionalProperties,
    additionalItems,
    contentEncoding,
    contentMediaType,
    readOnly,
    writeOnly,
    deprecated
  } = schema
  return [
    text(format),
    range(schema, 'minimum', 'maximum', ''),
    schema.exclusiveMinimum !== undefined && `> ${show(schema.exclusiveMinimum)}`,
    schema.exclusiveMaximum !== undefined && `< ${show(schema.exclusiveMaximum)}`,
    multipleOf !== undefined && `multiple of ${show(multipleOf)}`,
    range(schema, 'minLength', 'maxLength', 'characters'),
    pattern !== undefined && `matches ${show(pattern)}`,
    range(schema, 'minItems', 'maxItems', 'items'),
    uniqueItems === true && 'no two equal',
    range(schema, 'minProperties', 'maxProperties', 'properties'),
    additionalProperties === false && 'no other properties',
    additionalItems === false && 'no further items',
    text(contentMediaType),
    text(contentEncoding),
    readOnly === true && 'read only',
    writeOnly === true && 'write only',
    deprecated === true && 'deprecated'
  ].filter((constraint) => typeof constraint === 'string')
}

function bounds (from: unknown, to: unknown): string {
  if (to === undefined) return `≥ ${show(from)}`
  if (from === undefined) return `≤ ${show(to)}`
  return from === to ? show(from) : `${show(from)} to ${show(to)}`
}

function range (schema: Dictionary, least: string, most: string, unit: string): string | undefined {
  const [from, to] = [schema[least], schema[most]]
  if (from === undefined && to === undefined) return undefined
  return `${bounds(from, to)} ${unit}`.trim()
}

/** Inner schemas to show: properties, items, alternatives. */
export interface Part {
  readonly label: string
  /** True for a property, whose name comes from the document. Other names are words of the page. */
  readonly named: boolean
  readonly required: boolean
  readonly schema: unknown
}

export function partsOf (schema: Dictionary, pointers: Pointers): Part[] {
  const { items, additionalItems, additionalProperties, propertyNames, not } = schema
  const ours = (label: string, schema: unknown): Part => ({ label, named: false, required: false, schema })
  return [
    ...propertiesOf(schema),
    ...Object.entries(dictionary(schema.patternProperties)).map(([pattern, schema]) => ours(
      `names like ${pattern}`, schema
    )),
    ...isDictionary(additionalProperties) ? [ours('any other name', additionalProperties)] : [],
    ...isDictionary(propertyNames) ? [ours('every name', propertyNames)] : [],
    ...Array.isArray(items) ? items.map((item, index) => ours(`${index + 1}.`, item)) : itemsOf(items, pointers),
    ...isDictionary(additionalItems) ? [ours('further items', additionalItems)] : [],
    ...(alternativesOf(schema) ?? []).map((alternative, index) => ours(
      `${index === 0 ? 'either' : 'or'}${kindOf(alternative, pointers)}`, alternative
    )),
    ...isDictionary(not) && Object.keys(not).length > 0 ? [ours('not', not)] : [],
    ...['if', 'then', 'else', 'contains'].flatMap(
      (word) => isDictionary(schema[word]) ? [ours(word, schema[word])] : []
    )
  ]
}

/** Returns the constant of a property that tells alternatives apart, if there is one. */
function kindOf (alternative: unknown, pointers: Pointers): string {
  const kinds = Object.entries(dictionary(shapeOf(alternative, pointers).schema.properties)).flatMap(
    ([name, property]) => 'const' in dictionary(property) ? `${name} ${show(dictionary(property).const)}` : []
  )
  return kinds[0] === undefined ? '' : `, ${kinds[0]}`
}

function propertiesOf (schema: Dictionary): Part[] {
  const required = new Set(list(schema.required))
  return Object.entries(dictionary(schema.properties)).map(([label, schema]) => ({
    label, named: true, required: required.has(label), schema
  }))
}

/** Returns the parts of the items of an array. The type already names the array itself. */
function itemsOf (items: unknown, pointers: Pointers): Part[] {
  if (items === undefined) return []
  const { schema } = shapeOf(items, pointers)
  const properties = propertiesOf(schema)
  if (properties.length > 0) return properties
  return constraintsOf(schema).length > 0 || 'enum' in schema || alternativesOf(schema) !== undefined
    ? [
        { label: 'each', named: false, required: false, schema: items }
      ]
    : []
}
