import { byName, toName } from '../document/names.js'
import { toDraft7 } from './draft7.js'
import { isSchema, mapSubschemas, type Schema } from './keywords.js'
import { References, type Resource, type Target } from './references.js'

/** Names that TypeBox and Zod make by counting: they depend on the order in which schemas are made. */
const COUNTER = /^(T|__schema)\d+$/
/** A schema that only refers to one of its own definitions, as Zod and generators write it. */
const OWN_DEFINITION = /^#\/(definitions|\$defs)\/[^/]+$/

const UNNAMED = 'Schema'

/** A schema as the document has it, in which each `$ref` is a definition: it gets its name when all are known. */
export class Definition {
  readonly name: string
  /** Has a name of its own: a `$id`, or the one by which a schema refers to it that does nothing else. */
  named: boolean
  referenced = false
  body: unknown = {}
  #fingerprint: string | undefined

  constructor (name: string, named: boolean) {
    this.name = name
    this.named = named
  }

  /** The same for two definitions that say the same, with all that they refer to. */
  get fingerprint (): string {
    this.#fingerprint ??= fingerprint(this)
    return this.#fingerprint
  }
}

/**
 * @param shared what the schema may refer to in its scope
 * @param name of a schema that has none
 */
export function define (schema: Schema | boolean, shared: References, name: string): Definition {
  if (typeof schema === 'boolean') return Object.assign(new Definition(name, false), { body: schema })
  const references = new References(shared)
  const resource = references.add(schema)
  const root = new Conversion(references).define({ schema, resource }, name)
  // A schema that only refers is what it refers to.
  if (!isSchema(root.body) || Object.keys(root.body).length > 1 || !(root.body.$ref instanceof Definition)) return root
  const target = root.body.$ref
  target.named ||= OWN_DEFINITION.test(String(schema.$ref)) && target.name !== UNNAMED
  return target
}

class Conversion {
  readonly #references: References
  readonly #definitions = new Map<unknown, Definition>()

  constructor (references: References) {
    this.#references = references
  }

  define ({ schema, resource, hint }: Target & { schema: Schema }, otherwise = UNNAMED): Definition {
    const known = this.#definitions.get(schema)
    if (known !== undefined) return known
    const { $id } = schema
    const named = typeof $id === 'string' && !COUNTER.test($id)
    const hinted = hint === undefined || COUNTER.test(hint) ? otherwise : toName(hint)
    const definition = new Definition(named ? toName($id) : hinted, named)
    // Before its body, in which recursive schemas refer to it.
    this.#definitions.set(schema, definition)
    definition.body = this.#body(schema, resource)
    return definition
  }

  #convert (schema: unknown, within: Resource): unknown {
    if (!isSchema(schema)) return schema
    const resource = this.#references.resourceOf(schema)
    return resource === undefined ? this.#body(schema, within) : { $ref: this.#refer({ schema, resource }) }
  }

  #body ({ $ref, $id, $schema, $anchor, $comment, $defs, definitions, ...rest }: Schema, resource: Resource): unknown {
    const schema = toDraft7(mapSubschemas(rest, (sub) => this.#convert(sub, resource)))
    if (typeof $ref !== 'string') return schema
    const target = this.#references.resolve($ref, resource)
    if (target === undefined) throw new Error(`can't resolve reference ${$ref}`)
    const { schema: referredTo } = target
    const referred = isSchema(referredTo) ? { $ref: this.#refer({ ...target, schema: referredTo }) } : referredTo
    if (Object.keys(schema).length === 0) return referred
    // AsyncAPI ignores keywords beside a reference, and a validator does not.
    return { ...schema, allOf: [referred, ...schema.allOf as unknown[] ?? []] }
  }

  #refer (target: Target & { schema: Schema }): Definition {
    const definition = this.define(target)
    definition.referenced = true
    return definition
  }
}

function fingerprint (definition: Definition): string {
  const found = [definition]
  const texts: string[] = []
  // Numbered as they are found; the list grows while it is read.
  for (const { name, body } of found) {
    texts.push(name, JSON.stringify(body, (_, value: unknown) => {
      if (!(value instanceof Definition)) return isSchema(value) ? byName(Object.entries(value)) : value
      if (!found.includes(value)) found.push(value)
      return found.indexOf(value)
    }))
  }
  return texts.join('\n')
}
