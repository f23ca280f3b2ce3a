import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_ALREADY_STARTED } from '../errors.js'
import { ancestors, perApp } from '../scope.js'
import { declaredDependencies, type DeclaredDependency } from './dependency.js'

type Deps = ReadonlyMap<string, DeclaredDependency>

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

/** The dependencies of a route or subscriber: its own, its scope's and those of the scopes around it, nearest first. */
export function depsOf (scope: FastifyInstance, own: unknown = {}): Deps {
  let deps = declaredDependencies('deps', own)
  for (const at of ancestors(scope)) {
    used.add(at)
    const around = declared.get(at)
    if (around !== undefined) deps = new Map([...around, ...deps])
  }
  const known = ofApp(scope)
  for (const dep of deps.values()) known.add(dep)
  return deps
}

/** True when a route or a subscriber declares the dependency, or needs it for one that it declares. */
export function isUsed (app: FastifyInstance, dep: DeclaredDependency): boolean {
  return [...ofApp(app)].some((known) => known.isOrNeeds(dep))
}
