import { el, whenOpened, type Child } from './dom.js'
import { list, show, text, type Dictionary, type Pointers } from './json.js'
import { markdown } from './markdown.js'
import { schemaHash } from './route.js'
import { alternativesOf, constraintsOf, partsOf, shapeOf, typeOf, type Part, type Shape } from './shape.js'

/** Number of levels that are open at first. */
const OPEN = 2

/**
 * Tree of a schema. A branch is created when the reader opens it, so that recursive schemas cost nothing.
 * @param own the name of it, where it is not referred to but shown itself
 */
export function schemaTree (schema: unknown, pointers: Pointers, own?: string): HTMLElement {
  const shape = shapeOf(schema, pointers)
  const parts = partsOf(shape.schema, pointers)
  return el(
    'div',
    { class: 'schema' },
    ...about(shape, typeLink(shape, pointers)),
    parts.length > 0 && branch(parts, pointers, [own ?? shape.name])
  )
}

function branch (parts: readonly Part[], pointers: Pointers, within: ReadonlyArray<string | undefined>): HTMLElement {
  return el('ul', { class: 'tree' }, ...parts.map((part) => el('li', {}, node(part, pointers, within))))
}

function node (
  { label, named, required, schema }: Part, pointers: Pointers, within: ReadonlyArray<string | undefined>
): HTMLElement {
  const shape = shapeOf(schema, pointers)
  const parts = partsOf(shape.schema, pointers)
  const name = nameIn(shape, pointers)
  const row = (type: Child): Child[] => [
    el(named ? 'code' : 'span', { class: named ? 'property' : 'ours' }, label),
    required && el('span', { class: 'required' }, 'required'),
    ...about(shape, type)
  ]
  if (parts.length === 0) return el('div', { class: 'row' }, ...row(typeLink(shape, pointers)))
  // A `<summary>` must not hold a link, so the link stands below it.
  const details = el('details', { class: 'node' }, el('summary', { class: 'row' }, ...row(typeOf(shape, pointers))))
  whenOpened(
    details,
    () => [
      name !== undefined && el('a', { class: 'more', href: schemaHash(name) }, `All about ${name}`),
      branch(parts, pointers, [...within, name])
    ]
  )
  // A schema that already encloses this one stays closed until the reader opens it.
  details.open = within.length < OPEN && (name === undefined || !within.includes(name))
  return details
}

/** Returns the name of a schema; for an array, that of its items. */
function nameIn ({ schema, name }: Shape, pointers: Pointers): string | undefined {
  return name ?? (
    schema.items === undefined || Array.isArray(
      schema.items
    ) || alternativesOf(schema) !== undefined
      ? undefined
      : shapeOf(
        schema.items, pointers
      ).name
  )
}

function about ({ schema }: Shape, type: Child): Child[] {
  const { description, default: preset } = schema
  const title = text(schema.title)
  const words = description ?? title
  return [
    el('span', { class: 'type' }, type),
    ...constraintsOf(schema).map((constraint) => el('span', { class: 'constraint' }, constraint)),
    ...valuesOf(schema),
    preset !== undefined && el('span', { class: 'constraint' }, 'default ', el('code', {}, JSON.stringify(preset))),
    typeof words === 'string' && markdown(words)
  ]
}

function typeLink (shape: Shape, pointers: Pointers): Child {
  const words = typeOf(shape, pointers)
  const name = nameIn(shape, pointers)
  return name === undefined ? words : el('a', { href: schemaHash(name) }, words)
}

function valuesOf (schema: Dictionary): Child[] {
  const values = 'const' in schema ? [schema.const] : list(schema.enum)
  if (values.length === 0) return []
  return [el(
    'span',
    { class: 'values' },
    'const' in schema ? 'always ' : 'one of ',
    ...values.map((value) => el('code', {}, typeof value === 'string' ? show(value) : JSON.stringify(value)))
  )]
}
