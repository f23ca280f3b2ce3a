/** The members of an object of any class, to be read by name. */
export function membersOf (value: object): Readonly<Record<PropertyKey, unknown>> {
  return value as Readonly<Record<PropertyKey, unknown>>
}

/** The code of an error; undefined for what has none. */
export function codeOf (error: unknown): unknown {
  return typeof error === 'object' && error !== null ? membersOf(error).code : undefined
}
