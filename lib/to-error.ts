/** JavaScript can throw anything: whatever it was, as an error that can be logged and described. */
export function toError (thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`thrown: ${describe(thrown)}`)
}

/** Returns the message of an error. Anything else that was thrown is returned as text. */
export function reasonOf (thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : describe(thrown)
}

function describe (thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return typeof thrown
  }
}

/** Errors of users may hold anything where a text should be, and throw when it is read. */
export function textOf (read: () => unknown): string {
  try {
    return String(read() ?? '')
  } catch {
    return ''
  }
}
