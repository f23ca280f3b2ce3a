/** A mistake in how the command was called: its message is all that is shown. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
