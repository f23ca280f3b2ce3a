import { FASTSTREAM_ERR_NEXT } from '../errors.js'

/** What a middleware returned, and what its `next` began. */
export interface Ran<Result> {
  readonly returned: unknown
  /** Has settled; undefined where `next` was not called. */
  readonly begun: Promise<Result> | undefined
  /** Whether it had settled before the middleware ended: then the middleware knows how. */
  readonly awaited: boolean
}

const TWICE = "called it twice: the option 'retry' runs a handler again, and a failed publish is to be told"
const LATE = 'called it when it had ended: await what calls it'

/**
 * Runs one moment of a middleware, whose `next` may be called once, and only while it runs. Resolves when all that it
 * began has ended: a handler that nothing awaits would go on when its message is settled.
 *
 * @throws FASTSTREAM_ERR_NEXT for a second call, even if the middleware does not await it
 */
export async function runMiddleware<Argument, Result> (
  moment: string,
  call: (next: (argument: Argument) => Promise<Result>) => unknown,
  inner: (argument: Argument) => Result | PromiseLike<Result>
): Promise<Ran<Result>> {
  let begun: Promise<Result> | undefined
  let settled = false
  let ended = false
  let fault: Error | undefined

  function next (argument: Argument): Promise<Result> {
    if (begun === undefined && !ended) {
      begun = start(inner, argument)
      const mark = (): void => { settled = true }
      begun.then(mark, mark)
      return begun
    }
    const error = new FASTSTREAM_ERR_NEXT(moment, ended ? LATE : TWICE)
    if (!ended) fault ??= error
    return refused(error)
  }

  try {
    const returned = await call(next)
    const awaited = settled || begun === undefined
    if (fault !== undefined) throw fault
    return { returned, begun, awaited }
  } finally {
    ended = true
    // Asked first: to wait for what has settled would cost each message four promises.
    if (begun !== undefined && !settled) await Promise.allSettled([begun])
  }
}

/** Begins at once, so that publishes keep the order of their calls. A promise of the inner code is used as it is. */
function start<Argument, Result> (
  inner: (argument: Argument) => Result | PromiseLike<Result>, argument: Argument
): Promise<Result> {
  try {
    return Promise.resolve(inner(argument))
  } catch (error) {
    return Promise.reject(error)
  }
}

/** A rejection that a middleware does not await would end the process. */
function refused (error: Error): Promise<never> {
  const rejected = Promise.reject(error)
  rejected.catch(() => {})
  return rejected
}
