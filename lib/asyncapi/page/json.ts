/** Object of the document with unknown members: the option `transform` may have written any value. */
export type Dictionary = Readonly<Record<string, unknown>>

const NOTHING: Dictionary = Object.freeze({})
/** Number of references that are followed in a row: a circle of references must end. */
const FURTHEST = 32

export function isDictionary (value: unknown): value is Dictionary {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function dictionary (value: unknown): Dictionary {
  return isDictionary(value) ? value : NOTHING
}

export function list (value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** Returns a text that is not empty, else undefined. */
export function text (value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Writes a value as it stands in a sentence or a table. */
export function show (value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value) ?? ''
}

/** Returns 'Order' for `#/components/schemas/Order`. */
export function lastSegment (pointer: string): string {
  return segments(pointer).at(-1) ?? pointer
}

/** Resolver of the references of one document. */
export class Pointers {
  readonly #document: Dictionary

  constructor (document: Dictionary) {
    this.#document = document
  }

  /** Returns the value; for a reference, its target. */
  follow (value: unknown): Dictionary {
    let found = value
    for (let step = 0; step < FURTHEST && isDictionary(found) && typeof found.$ref === 'string'; step++) {
      found = this.#at(found.$ref)
    }
    return dictionary(found)
  }

  #at (pointer: string): unknown {
    let found: unknown = this.#document
    // Only own members count: `constructor` is inherited and names no target.
    for (const name of segments(pointer)) {
      found = typeof found === 'object' && found !== null && Object.hasOwn(found, name)
        ? (
            found as Dictionary
          )[name]
        : undefined
    }
    return found
  }
}

function segments (pointer: string): string[] {
  return pointer.replace(/^#\/?/, '').split('/').map(
    (segment) => decoded(segment).replaceAll('~1', '/').replaceAll('~0', '~')
  )
}

/** Decodes a text; one that is no valid encoding stays as it is. */
export function decoded (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
