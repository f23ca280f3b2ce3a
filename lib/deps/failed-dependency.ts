/** The dependency that threw an error, for as long as the error is referenced. */
const names = new WeakMap<object, string>()

/** Notes the name of the dependency whose factory or clean-up threw `error`; a later failure replaces it. */
export function noteFailedDependency (error: unknown, name: string): void {
  if (typeof error === 'object' && error !== null) names.set(error, name)
}

/** The name of the dependency that threw `error`; undefined when no dependency did. */
export function failedDependency (error: object): string | undefined {
  return names.get(error)
}
