import { createBounded } from '../create-bounded.js'

/* Dead letters as a resource. */

export const FASTSTREAM_ERR_DEAD_LETTERS = createBounded<[topic: string, reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_DEAD_LETTERS', "the dead letters of '%s' could not be read: %s", 503
)
export const FASTSTREAM_ERR_NO_DEAD_LETTER = createBounded<[place: string]>(
  'FASTSTREAM_ERR_NO_DEAD_LETTER', 'there is no dead letter at %s: retention may have removed it', 404
)
export const FASTSTREAM_ERR_REDRIVE = createBounded<[reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_REDRIVE', 'no dead letters can be redriven or discarded now: %s', 409
)
export const FASTSTREAM_ERR_DEAD_LETTER_INPUT = createBounded<[reason: string, options?: ErrorOptions]>(
  'FASTSTREAM_ERR_DEAD_LETTER_INPUT', 'the request for dead letters is wrong: %s', 400
)
export const FASTSTREAM_ERR_DEAD_LETTERS_FORBIDDEN = createBounded<[action: string, reason: string]>(
  'FASTSTREAM_ERR_DEAD_LETTERS_FORBIDDEN', "'%s' of dead letters is not allowed: %s", 403
)
