import { pointerOf } from '../codec/json-form.js'
import type { Violation } from '../codec/violations.js'

/**
 * Finds the first member that a validator has coerced to another type of JSON. Members that it has added or removed
 * are not looked at: the value on the wire matches the schema without them, or with them.
 */
export function findCoerced (
  before: unknown, after: unknown, path: readonly string[] = []
): Violation | undefined {
  const [is, asked] = [typeOf(before), typeOf(after)]
  // No coercion makes an object: a keyword of the app's own has, such as a Date out of its text.
  if (is !== asked && asked !== 'object') {
    return { instancePath: pointerOf(path), keyword: 'type', params: { type: asked }, message: `must be ${asked}` }
  }
  if (typeof before !== 'object' || before === null || is !== asked) return undefined
  for (const [name, member] of Object.entries(before)) {
    if (!Object.hasOwn(after as object, name)) continue
    const found = findCoerced(member, (after as Record<string, unknown>)[name], [...path, name])
    if (found !== undefined) return found
  }
  return undefined
}

function typeOf (value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
