import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_ALREADY_STARTED } from '../errors.js'
import { ancestors, perApp } from '../scope.js'
import { declaredDependencies, type DeclaredDependency } from './dependency.js'

export type Deps = ReadonlyMap<string, DeclaredDependency>

const NONE: Deps = new Map()
const declared = new WeakMap<FastifyInstance, Deps>()
/** Scopes in or below which a route or a subscriber has been declared. */
const used = new WeakSet<FastifyInstance>()
/** The dependencies that routes and subscribers of an app declare. */
const ofApp = perApp(() => new Set<DeclaredDependency>())

/** Gives dependencies to all later declarations of a scope. Throws when the scope has declared something already. */
export function giveToScope (scope: FastifyInstance, deps: unknown): void {
  const given = declaredDependencies('deps', deps)
  if (used.has(scope)) {
    const names = [...given.keys()].join(', ')
    throw new FASTSTREAM_ERR_ALREADY_STARTED('withDeps', names, 'the routes and subscribers of the scope')
  }
  declared.set(scope, new Map([...declared.get(scope) ?? [], ...given]))
}

/** The dependencies of a route: its own, its scope's and those of the scopes around it; the nearest of a name wins. */
export function depsOf (scope: FastifyInstance, own: unknown = {}): Deps {
  noteDeclaration(scope)
  const around = [...ancestors(scope)].reverse().map(givenTo)
  const deps = unite([...around, declaredDependencies('deps', own)])
  noteUse(scope, deps)
  return deps
}

/** The dependencies that `withDeps()` gave to a scope itself. */
export function givenTo (scope: FastifyInstance): Deps {
  return declared.get(scope) ?? NONE
}

/** Puts dependencies together, the outermost first: of those with one name the nearest wins. */
export function unite (layers: readonly Deps[]): Deps {
  return new Map(layers.flatMap((deps) => [...deps]))
}

/** Notes that a scope declares something: `withDeps()` comes too late from now on. */
export function noteDeclaration (scope: FastifyInstance): void {
  for (const at of ancestors(scope)) used.add(at)
}

/** Notes what routes and subscribers of an app need: a test can override it. */
export function noteUse (scope: FastifyInstance, deps: Deps): void {
  const known = ofApp(scope)
  for (const dep of deps.values()) known.add(dep)
}

/** True when a route or a subscriber declares the dependency, or needs it for one that it declares. */
export function isUsed (app: FastifyInstance, dep: DeclaredDependency): boolean {
  return [...ofApp(app)].some((known) => known.isOrNeeds(dep))
}
