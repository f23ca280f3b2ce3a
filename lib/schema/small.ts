import { membersOf } from '../members.js'

/** Members of a value, on all levels, and characters of its text. */
const MAX_MEMBERS = 50
const MAX_LENGTH = 4096

/**
 * True when a validator may look for all violations of a value: a value has no more violations than members. In a large
 * value they would be thousands, and the search would run quadratic checks that a bound on the length prevents.
 */
export function isSmall (value: unknown): boolean {
  let members = 0
  let length = 0
  const open = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next === 'string') length += next.length
    else if (typeof next === 'object' && next !== null && !ArrayBuffer.isView(next)) {
      // The names of a long list would all be made first.
      if (Array.isArray(next) && next.length > MAX_MEMBERS) return false
      for (const name in next) {
        if (++members > MAX_MEMBERS) return false
        length += name.length
        open.push(membersOf(next)[name])
      }
    }
    if (length > MAX_LENGTH) return false
  }
  return true
}
