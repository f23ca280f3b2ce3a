/**
 * Refusal of a commit by a group that has moved on: a transport rejects with it, and the commit is not repeated.
 *
 * @example
 * if (errorCode === ILLEGAL_GENERATION) throw new GenerationLostError(`group '${groupId}' has a new generation`)
 */
export class GenerationLostError extends Error {
  override readonly name = 'GenerationLostError'
}
