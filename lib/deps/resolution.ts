import type { DependencyContext } from '../../types/index.js'
import { within, type Clock } from '../clock.js'
import {
  FASTSTREAM_ERR_CLEANUP_TIMEOUT, FASTSTREAM_ERR_DEPENDENCY_DONE, FASTSTREAM_ERR_DEPENDENCY_YIELD
} from '../errors.js'
import { steady } from '../log.js'
import type { DeclaredDependency } from './dependency.js'
import { noteFailedDependency } from './failed-dependency.js'

type AnyGenerator = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>

interface Failure {
  readonly error: unknown
}
type Overrides = ReadonlyMap<DeclaredDependency, DeclaredDependency>

interface Started {
  readonly name: string
  readonly generator: AnyGenerator
}

/** Settings that all resolutions of an app share. */
export interface ResolutionSettings {
  readonly clock: Clock
  /** Time for one clean-up, ms. */
  readonly cleanupTimeout: number
  readonly overrides: Overrides
}

/**
 * The dependencies of one request or message: each is made once, when it is first asked for, and cleaned up in the
 * reverse order of their starts.
 */
export class Resolution {
  readonly #context: DependencyContext
  readonly #settings: ResolutionSettings
  readonly #values = new Map<DeclaredDependency, Promise<unknown>>()
  readonly #started: Started[] = []
  #closing: Promise<void> | undefined

  constructor (context: DependencyContext, settings: ResolutionSettings) {
    this.#context = context
    this.#settings = settings
  }

  /** Rejects with what the factory threw. */
  resolve (dep: DeclaredDependency): Promise<unknown> {
    const actual = this.#settings.overrides.get(dep) ?? dep
    let value = this.#values.get(actual)
    if (value === undefined) {
      // A dependency that is made after the clean-up would never be cleaned up.
      if (this.#closing !== undefined) return Promise.reject(new FASTSTREAM_ERR_DEPENDENCY_DONE(dep.name))
      this.#values.set(actual, value = this.#make(actual))
    }
    return value
  }

  /** Resolves all in parallel. When one fails the others end first: what they made can only be cleaned up then. */
  async resolveAll (deps: ReadonlyMap<string, DeclaredDependency>): Promise<Record<string, unknown>> {
    const values = await Promise.allSettled(Array.from(deps.values(), (dep) => this.resolve(dep)))
    const failed = values.find((each) => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const made = values.filter((each) => each.status === 'fulfilled')
    return Object.fromEntries(Array.from(deps.keys(), (name, i) => [name, made[i]?.value]))
  }

  get closed (): boolean {
    return this.#closing !== undefined
  }

  /**
   * Cleans up, once. An error is thrown into the generators. The first clean-up that fails gives the error for the
   * later ones, and this method rejects with it.
   */
  close (failure?: Failure): Promise<void> {
    this.#closing ??= this.#close(failure)
    return this.#closing
  }

  async #close (failure: Failure | undefined): Promise<void> {
    // Factories may still run whose callers did not wait for them.
    while (this.#pending > 0) await Promise.allSettled(this.#values.values())
    let failed: Failure | undefined
    for (const started of this.#started.reverse()) {
      const reason = failure ?? failed
      const error = await this.#cleanUp(started, reason)
      if (error !== undefined) failed ??= error
    }
    if (failed !== undefined) throw failed.error
  }

  #pending = 0

  async #make (dep: DeclaredDependency): Promise<unknown> {
    this.#pending++
    try {
      const needs = await this.resolveAll(dep.needs)
      return await this.#call(dep, needs)
    } finally {
      this.#pending--
    }
  }

  /** Apart from the needs: an error of a need names the need. */
  async #call ({ name, factory }: DeclaredDependency, needs: Record<string, unknown>): Promise<unknown> {
    try {
      const made = await factory(needs, this.#context)
      return isGenerator(made) ? await this.#start(name, made) : made
    } catch (error) {
      noteFailedDependency(error, name)
      throw error
    }
  }

  async #start (name: string, generator: AnyGenerator): Promise<unknown> {
    const started = { name, generator }
    this.#started.push(started)
    try {
      const { done, value } = await generator.next()
      if (done === true) throw new FASTSTREAM_ERR_DEPENDENCY_YIELD(name, 'never')
      return value
    } catch (error) {
      // It has ended.
      this.#started.splice(this.#started.indexOf(started), 1)
      throw error
    }
  }

  /** Returns the error of a clean-up that fails; a generator that lets the error thrown into it pass has not failed. */
  async #cleanUp ({ name, generator }: Started, reason: Failure | undefined): Promise<Failure | undefined> {
    const { clock, cleanupTimeout } = this.#settings
    const report = (err: unknown, message: string): void => {
      steady(this.#context.log).error({ err, dependency: name }, message)
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
}

async function finish (name: string, generator: AnyGenerator, ended: ReturnType<AnyGenerator['next']>): Promise<void> {
  const { done } = await ended
  if (done === true) return
  await generator.return(undefined)
  throw new FASTSTREAM_ERR_DEPENDENCY_YIELD(name, 'twice')
}

function isGenerator (made: unknown): made is AnyGenerator {
  const tag = Object.prototype.toString.call(made)
  return tag === '[object Generator]' || tag === '[object AsyncGenerator]'
}
