import { isSchema, mapSubschemas, type Schema } from './keywords.js'
import { membersOf } from '../../members.js'

/** A schema with an identity of its own: what `#` means within it, and against what references are resolved. */
export interface Resource {
  readonly schema: Schema
  readonly base: string
}

export interface Target {
  readonly schema: unknown
  readonly resource: Resource
  /** The last part of the reference, where the schema has no `$id`. */
  readonly hint?: string
}

/** Finds the target of a `$ref`: by `$id`, `$anchor` or JSON pointer, in the schema itself and then in its scope. */
export class References {
  readonly #targets = new Map<string, Target>()
  readonly #resources = new Map<unknown, Resource>()
  readonly #shared: References | undefined

  constructor (shared?: References) {
    this.#shared = shared
  }

  /** Fastify's store: schemas by `$id`. */
  static ofScope (schemas: Readonly<Record<string, unknown>>): References {
    const references = new References()
    for (const schema of Object.values(schemas)) references.add(schema as Schema)
    return references
  }

  add (schema: Schema): Resource {
    const root = { schema, base: '' }
    this.#index(schema, root)
    return this.resourceOf(schema) ?? root
  }

  /** Resource of a schema with an `$id`. */
  resourceOf (schema: unknown): Resource | undefined {
    return this.#resources.get(schema) ?? this.#shared?.resourceOf(schema)
  }

  resolve (ref: string, from: Resource): Target | undefined {
    const [path = '', fragment = ''] = ref.split('#', 2)
    const here = { schema: from.schema, resource: from }
    const start = path === '' ? here : this.find(absolute(path, from.base)) ?? this.find(path)
    if (start === undefined || fragment === '') return start
    return fragment.startsWith('/') ? this.#follow(fragment, start) : this.find(`${start.resource.base}#${fragment}`)
  }

  #index (schema: unknown, within: Resource): void {
    if (!isSchema(schema)) return
    const { $id, $anchor } = schema
    let resource = within
    if (typeof $id === 'string') {
      // Draft-07 has no $anchor: its anchors are ids that begin with '#'.
      if ($id.startsWith('#')) {
        this.#targets.set(within.base + $id, { schema, resource: within })
      } else {
        resource = { schema, base: absolute($id.replace(/#$/, ''), within.base) }
        this.#resources.set(schema, resource)
        this.#targets.set(resource.base, { schema, resource })
      }
    }
    if (typeof $anchor === 'string') {
      this.#targets.set(`${resource.base}#${$anchor}`, { schema, resource, hint: $anchor })
    }
    mapSubschemas(schema, (sub) => { this.#index(sub, resource) })
  }

  find (id: string): Target | undefined {
    return this.#targets.get(id) ?? this.#shared?.find(id)
  }

  #follow (pointer: string, { schema, resource }: Target): Target | undefined {
    let hint = ''
    for (const token of pointer.slice(1).split('/')) {
      hint = decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, hint)) return undefined
      schema = membersOf(schema)[hint]
      resource = this.resourceOf(schema) ?? resource
    }
    return { schema, resource, hint }
  }
}

/** Names such as 'Order' are no URIs: they stand for themselves. */
function absolute (id: string, base: string): string {
  return URL.canParse(id, base) ? new URL(id, base).href : id
}
