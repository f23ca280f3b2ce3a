import { dictionary, isDictionary, lastSegment, list, text, type Dictionary, type Pointers } from './json.js'
import { alternativesOf, shapeOf } from './shape.js'

/* A schema as TypeScript types: one for the schema, and one for each schema that it refers to. */

/** Depth below which a type is written as `unknown`. */
const DEEPEST = 12
const SIMPLE: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null'
}
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** @param name of the type, where the schema is not one of `components.schemas` */
export function typescriptOf (schema: unknown, pointers: Pointers, name: string): string {
  return new Declarations(pointers).write(schema, name)
}

class Declarations {
  readonly #pointers: Pointers
  /** Names of the types by the names of their schemas. */
  readonly #names = new Map<string, string>()
  readonly #waiting: Array<{ readonly name: string, readonly schema: unknown }> = []

  constructor (pointers: Pointers) {
    this.#pointers = pointers
  }

  write (schema: unknown, name: string): string {
    const { $ref } = dictionary(schema)
    if (typeof $ref === 'string') this.#refer($ref)
    else this.#waiting.push({ name: this.#free(name), schema })
    const types: string[] = []
    // The loop below adds to the list while it reads it.
    for (const { name, schema } of this.#waiting) {
      const { description } = this.#pointers.follow(schema)
      types.push(`${comment(description, '')}export type ${name} = ${this.#type(schema, '', 0)}\n`)
    }
    return types.join('\n')
  }

  #refer ($ref: string): string {
    const known = this.#names.get($ref)
    if (known !== undefined) return known
    const name = this.#free(lastSegment($ref))
    this.#names.set($ref, name)
    this.#waiting.push({ name, schema: this.#pointers.follow({ $ref }) })
    return name
  }

  #free (wanted: string): string {
    const clean = wanted.replace(/[^\w$]+/g, '_').replace(/^(?=\d)/, '_') || 'Schema'
    const taken = new Set(this.#waiting.map(({ name }) => name))
    let name = clean
    for (let count = 2; taken.has(name); count++) name = `${clean}${count}`
    return name
  }

  #type (value: unknown, indent: string, depth: number): string {
    if (depth > DEEPEST) return 'unknown'
    const { $ref } = dictionary(value)
    if (typeof $ref === 'string') return this.#refer($ref)
    const { schema } = shapeOf(value, this.#pointers)
    const inside = (value: unknown): string => this.#type(value, indent, depth + 1)
    if ('const' in schema) return literal(schema.const)
    if (Array.isArray(schema.enum)) return union(schema.enum.map(literal))
    const alternatives = alternativesOf(schema)
    if (alternatives !== undefined) {
      const own = isDictionary(schema.properties) ? `${this.#object(schema, indent, depth)} & ` : ''
      const types = union(alternatives.map(inside))
      return own === '' ? types : `${own}(${types})`
    }
    const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? impliedType(schema)]
    return union(types.map((type) => this.#simple(schema, type, indent, depth)))
  }

  #simple (schema: Dictionary, type: unknown, indent: string, depth: number): string {
    if (type === 'object') return this.#object(schema, indent, depth)
    if (type === 'array') return this.#array(schema, indent, depth)
    if (isDictionary(schema.not) && Object.keys(schema.not).length === 0) return 'never'
    return typeof type === 'string' && Object.hasOwn(SIMPLE, type) ? SIMPLE[type] as string : 'unknown'
  }

  #object (schema: Dictionary, indent: string, depth: number): string {
    const { properties, additionalProperties } = schema
    const required = new Set(list(schema.required))
    const deeper = `${indent}  `
    const members = Object.entries(dictionary(properties)).map(([name, value]) => {
      const { description } = shapeOf(value, this.#pointers).schema
      const key = IDENTIFIER.test(name) ? name : JSON.stringify(name)
      const type = this.#type(value, deeper, depth + 1)
      return `${comment(description, deeper)}${deeper}${key}${required.has(name) ? '' : '?'}: ${type}\n`
    })
    if (members.length > 0) return `{\n${members.join('')}${indent}}`
    const values = isDictionary(additionalProperties) ? this.#type(additionalProperties, indent, depth + 1) : 'unknown'
    return `Record<string, ${values}>`
  }

  #array ({ items }: Dictionary, indent: string, depth: number): string {
    if (Array.isArray(items)) return `[${items.map((item) => this.#type(item, indent, depth + 1)).join(', ')}]`
    return `Array<${items === undefined ? 'unknown' : this.#type(items, indent, depth + 1)}>`
  }
}

function impliedType ({ properties, additionalProperties, items }: Dictionary): string | undefined {
  if (isDictionary(properties) || isDictionary(additionalProperties)) return 'object'
  return items === undefined ? undefined : 'array'
}

function union (types: readonly string[]): string {
  return [...new Set(types)].join(' | ') || 'never'
}

function literal (value: unknown): string {
  return typeof value === 'object' && value !== null ? 'unknown' : JSON.stringify(value) ?? 'unknown'
}

/** Writes a comment in one line. A description cannot end the comment. */
function comment (description: unknown, indent: string): string {
  const words = text(description)?.replace(/\s+/g, ' ').replaceAll('*/', '* /').trim()
  return words === undefined || words === '' ? '' : `${indent}/** ${words} */\n`
}
