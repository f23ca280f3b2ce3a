import createError, { type FastifyErrorConstructor } from '@fastify/error'
import { boundedError } from './bounded-error.js'
import { oneLine } from './foreign-text.js'

/** Of each text in an error that clients may see: with two of them a whole message has no more than 1 kB. */
const TEXT_LIMIT = 640

type Argument = string | number | ErrorOptions | undefined

/** As `createError`, for errors whose texts and causes may be a sender's: each is bounded. */
export function createBounded<Args extends Argument[]> (
  ...definition: Parameters<typeof createError>
): FastifyErrorConstructor<{ code: string }, Args> {
  return new Proxy(createError<Args>(...definition), {
    construct: (target, args: Args, newTarget) => Reflect.construct(target, args.map(boundedArgument), newTarget)
  })
}

function boundedArgument (argument: Argument): Argument {
  if (typeof argument === 'string') return oneLine(argument, TEXT_LIMIT)
  if (typeof argument !== 'object' || !(argument.cause instanceof Error)) return argument
  return { cause: boundedError(argument.cause) }
}
