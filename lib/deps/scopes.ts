import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_ALREADY_STARTED } from '../errors.js'
import { declaredDependencies, type DeclaredDependency } from './dependency.js'

type Deps = ReadonlyMap<string, DeclaredDependency>

const declared = new WeakMap<FastifyInstance, Deps>()
/** Scopes in or below which a route or a subscriber has been declared. */
const used = new WeakSet<FastifyInstance>()

/** Gives dependencies to what is declared in a scope from now on. Later ones would silently be missing in what is there already. */
export function giveToScope (scope: FastifyInstance, deps: unknown): void {
  const given = declaredDependencies('deps', deps)
  if (used.has(scope)) throw new FASTSTREAM_ERR_ALREADY_STARTED('withDeps', [...given.keys()].join(', '), 'the routes and subscribers of the scope')
  declared.set(scope, new Map([...declared.get(scope) ?? [], ...given]))
}

/** What is declared anywhere in an app; the HTTP server is the one public thing that all of its scopes share. */
const ofApps = new WeakMap<object, Set<DeclaredDependency>>()

/** What a route or subscriber of a scope gets: its own, its scope's and those of the scopes around it, nearest first. */
export function depsOf (scope: FastifyInstance, own: unknown = {}): Deps {
  let deps = declaredDependencies('deps', own)
  for (let at: FastifyInstance | null = scope; at !== null; at = Object.getPrototypeOf(at)) {
    used.add(at)
    const around = declared.get(at)
    if (around !== undefined) deps = new Map([...around, ...deps])
  }
  const known = ofApps.get(scope.server) ?? new Set()
  ofApps.set(scope.server, known)
  for (const dep of deps.values()) known.add(dep)
  return deps
}

/** Whether a route or a subscriber declares it, or needs it for what it declares. */
export function isUsed (app: FastifyInstance, dep: DeclaredDependency): boolean {
  return [...ofApps.get(app.server) ?? []].some((known) => known.isOrNeeds(dep))
}
