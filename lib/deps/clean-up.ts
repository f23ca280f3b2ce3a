import type { DependencyContext } from '../../types/index.js'
import { within, type Clock } from '../clock.js'
import { FASTSTREAM_ERR_CLEANUP_TIMEOUT, FASTSTREAM_ERR_DEPENDENCY_YIELD } from '../errors.js'
import { steady } from '../log.js'
import { noteFailedDependency } from './failed-dependency.js'

export type AnyGenerator = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>

/** What a request or a message failed with. */
export interface Failure {
  readonly error: unknown
}

/** A dependency whose generator has been started. */
export interface Started {
  readonly name: string
  readonly generator: AnyGenerator
}

interface CleanUpSettings {
  readonly clock: Clock
  /** Time for one clean-up, ms. */
  readonly cleanupTimeout: number
}

/**
 * Lets a generator go on, or throws the reason into it. Resolves to the error of a clean-up that fails; a generator
 * that lets the error thrown into it pass has not failed.
 */
export async function cleanUp (
  { name, generator }: Started, reason: Failure | undefined, context: Pick<DependencyContext, 'log'>,
  { clock, cleanupTimeout }: CleanUpSettings
): Promise<Failure | undefined> {
  const report = (err: unknown, message: string): void => {
    steady(context.log).error({ err, dependency: name }, message)
  }
  try {
    const ended = finish(name, generator, reason === undefined ? generator.next() : generator.throw(reason.error))
    if (await within(clock, cleanupTimeout, ended)) return undefined
    // The caller no longer waits for this error: the log is the only place left for it.
    ended.catch((err) => { report(err, 'the clean-up of a dependency failed after its time') })
    const error = new FASTSTREAM_ERR_CLEANUP_TIMEOUT(name, cleanupTimeout)
    noteFailedDependency(error, name)
    report(error, 'the clean-up of a dependency does not end')
    return { error }
  } catch (error) {
    if (reason !== undefined && error === reason.error) return undefined
    noteFailedDependency(error, name)
    report(error, 'the clean-up of a dependency failed')
    return { error }
  }
}

async function finish (name: string, generator: AnyGenerator, ended: ReturnType<AnyGenerator['next']>): Promise<void> {
  const { done } = await ended
  if (done === true) return
  await generator.return(undefined)
  throw new FASTSTREAM_ERR_DEPENDENCY_YIELD(name, 'twice')
}
