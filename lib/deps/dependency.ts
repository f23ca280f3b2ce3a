import { inspect } from 'node:util'
import type { Dependency, DependencyContext, DependencyFunction } from '../../types/index.js'
import { isObject, noClass, noSurplus } from '../options/assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { inspected, type InspectStyle } from '../shown.js'

type Factory = (deps: Record<string, unknown>, context: DependencyContext) => unknown

/** Result of {@link dependency}. A cycle cannot be written: a dependency exists before those that need it. */
export class DeclaredDependency implements Dependency<never> {
  declare readonly '~type': never
  readonly name: string
  readonly needs: ReadonlyMap<string, DeclaredDependency>
  readonly factory: Factory

  /** Checks `needs` and `factory`. */
  constructor (name: string, needs: unknown, factory: unknown) {
    if (!isFactory(factory)) {
      const cure = 'must be a function: dependency(name, needs, factory), of which only the last must be given'
      throw new FASTSTREAM_ERR_INVALID_OPTION('factory', cure)
    }
    noClass('factory', factory)
    this.needs = declaredDependencies('needs', needs)
    this.factory = factory
    this.name = name !== '' ? name : factory.name !== '' ? factory.name : 'anonymous'
  }

  isOrNeeds (other: DeclaredDependency): boolean {
    return this === other || [...this.needs.values()].some((need) => need.isOrNeeds(other))
  }

  toJSON (): object {
    return { name: this.name }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('Dependency', this.toJSON(), depth, options, inspectWith)
  }
}

/**
 * Declares what requests and messages need: a repository, a tenant, a database transaction. It is made at most once
 * for each request and each message that needs it. The code after the `yield` of a generator cleans it up, whatever
 * happened.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for a value that is no name, no dependency or no function
 * @example
 * const transaction = dependency(async function * transaction () {
 *   const client = await pool.connect()
 *   try {
 *     await client.query('begin')
 *     yield client
 *     await client.query('commit')
 *   } catch (error) {
 *     await client.query('rollback')
 *     throw error
 *   } finally {
 *     client.release()
 *   }
 * })
 * const orders = dependency({ transaction }, ({ transaction }) => new Orders(transaction))
 * app.post('/orders', { config: { deps: { orders } } }, async ({ body, deps }) => await deps.orders.save(body))
 * app.broker.subscriber('orders', { deps: { orders } }, async (order, { deps }) => { await deps.orders.save(order) })
 */
export const dependency: DependencyFunction = (...args: unknown[]): Dependency<never> => {
  const [first] = args
  const name = typeof first === 'string' ? first : ''
  if (typeof first === 'string') args.shift()
  const needs = args.length > 1 ? args.shift() : {}
  noSurplus('dependency(name, needs, factory)', args, 1)
  return new DeclaredDependency(name, needs, args[0])
}

function isFactory (given: unknown): given is Factory {
  return typeof given === 'function'
}

/** Checks what is declared under `option`. */
export function declaredDependencies (option: string, given: unknown): ReadonlyMap<string, DeclaredDependency> {
  if (!isObject(given)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be an object of what dependency() returned')
  }
  return new Map(Object.entries(given).map(([key, dep]) => {
    if (key === '__proto__') throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.${key}`, 'must have another name')
    if (!(dep instanceof DeclaredDependency)) {
      throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.${key}`, 'must be what dependency() returned')
    }
    return [key, dep]
  }))
}
