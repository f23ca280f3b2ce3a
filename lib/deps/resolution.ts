import type { DependencyContext } from '../../types/index.js'
import type { Clock } from '../clock.js'
import { FASTSTREAM_ERR_DEPENDENCY_DONE, FASTSTREAM_ERR_DEPENDENCY_YIELD } from '../errors.js'
import { isPromise } from '../is-promise.js'
import { cleanUp, type AnyGenerator, type Failure, type Started } from './clean-up.js'
import type { DeclaredDependency } from './dependency.js'
import { noteFailedDependency } from './failed-dependency.js'

type Overrides = ReadonlyMap<DeclaredDependency, DeclaredDependency>

/** Settings that all resolutions of an app share. */
export interface ResolutionSettings {
  readonly clock: Clock
  /** Time for one clean-up, ms. */
  readonly cleanupTimeout: number
  readonly overrides: Overrides
}

/** What was made, by the names under which it is declared. */
export type Made = Record<string, unknown>

/** In place of what a factory makes, while it is being called. */
const CALLED = Symbol('called')

/**
 * The dependencies of one request or message: each is made once, when it is first asked for, and cleaned up in the
 * reverse order of their starts. Where all factories return at once there is no promise, and nothing to wait for: with
 * promises a dependency took 9 µs of CPU per message, and takes 1 without.
 */
export class Resolution {
  readonly #context: DependencyContext
  readonly #settings: ResolutionSettings
  /** What was made, and promises of what is being made. */
  readonly #values = new Map<DeclaredDependency, unknown>()
  readonly #started: Started[] = []
  /** Number of dependencies that are being made. */
  #pending = 0
  #closed = false
  #closing: Promise<void> | undefined

  constructor (context: DependencyContext, settings: ResolutionSettings) {
    this.#context = context
    this.#settings = settings
  }

  /** Returns what the factory made, or a promise of it. Throws nothing: the promise rejects with what it threw. */
  resolve (dep: DeclaredDependency): unknown {
    const actual = this.#settings.overrides.get(dep) ?? dep
    const known = this.#values.get(actual)
    // Its factory asks for it while it runs: the value is known once the factory has returned.
    if (known === CALLED) return Promise.resolve().then(() => this.resolve(dep))
    if (this.#values.has(actual)) return known
    // A dependency that is made after the clean-up would never be cleaned up.
    if (this.#closed) return Promise.reject(new FASTSTREAM_ERR_DEPENDENCY_DONE(dep.name))
    this.#values.set(actual, CALLED)
    this.#pending++
    const made = this.#make(actual)
    const value = made instanceof Promise ? this.#whenMade(made) : made
    this.#values.set(actual, value)
    if (value === made) this.#pending--
    return value
  }

  /** Resolves all in parallel. When one fails the others end first: what they made can only be cleaned up then. */
  resolveAll (deps: ReadonlyMap<string, DeclaredDependency>): Made | Promise<Made> {
    const made: Made = {}
    let isThere = true
    for (const [name, dep] of deps) {
      const value = made[name] = this.resolve(dep)
      if (value instanceof Promise) isThere = false
    }
    return isThere ? made : whenThere(made)
  }

  get closed (): boolean {
    return this.#closed
  }

  /**
   * Cleans up, once; undefined when there is nothing to clean up. An error is thrown into the generators. The first
   * clean-up that fails gives the error for the later ones, and this method rejects with it.
   */
  close (failure?: Failure): Promise<void> | undefined {
    this.#closed = true
    if (this.#pending > 0 || this.#started.length > 0) this.#closing ??= this.#close(failure)
    return this.#closing
  }

  async #close (failure: Failure | undefined): Promise<void> {
    // Factories may still run whose callers did not wait for them.
    while (this.#pending > 0) await Promise.allSettled(this.#values.values())
    let failed: Failure | undefined
    for (const started of this.#started.reverse()) {
      const reason = failure ?? failed
      const error = await cleanUp(started, reason, this.#context, this.#settings)
      failed ??= error
    }
    if (failed !== undefined) throw failed.error
  }

  #make (dep: DeclaredDependency): unknown {
    const needs = this.resolveAll(dep.needs)
    return needs instanceof Promise ? this.#callWith(dep, needs) : this.#call(dep, needs)
  }

  async #whenMade (making: Promise<unknown>): Promise<unknown> {
    try {
      return await making
    } finally {
      this.#pending--
    }
  }

  async #callWith (dep: DeclaredDependency, needs: Promise<Made>): Promise<unknown> {
    return await this.#call(dep, await needs)
  }

  /** Apart from the needs: an error of a need names the need. */
  #call ({ name, factory }: DeclaredDependency, needs: Made): unknown {
    try {
      const made = factory(needs, this.#context)
      return isPromise(made) || isGenerator(made) ? this.#await(name, made) : made
    } catch (error) {
      noteFailedDependency(error, name)
      return Promise.reject(error)
    }
  }

  async #await (name: string, begun: unknown): Promise<unknown> {
    try {
      const made = await begun
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
}

/** Rejects with the error of the first one that failed, when all have ended. */
async function whenThere (made: Made): Promise<Made> {
  const all = await Promise.allSettled(Object.values(made))
  for (const [i, name] of Object.keys(made).entries()) {
    const ended = all[i]!
    if (ended.status === 'rejected') throw ended.reason
    made[name] = ended.value
  }
  return made
}

function isGenerator (made: unknown): made is AnyGenerator {
  const tag = Object.prototype.toString.call(made)
  return tag === '[object Generator]' || tag === '[object AsyncGenerator]'
}
