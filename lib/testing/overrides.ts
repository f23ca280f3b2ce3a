import type { FastifyInstance } from 'fastify'
import { DeclaredDependency } from '../deps/dependency.js'
import { overridesOf } from '../deps/overrides.js'
import { isUsed } from '../deps/scopes.js'
import { FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_TEST_BROKER } from '../errors.js'

/** Replaces a dependency in all apps. Returns what is replaced. */
export function replace (apps: readonly FastifyInstance[], replaced: unknown, fake: unknown): DeclaredDependency {
  if (!(replaced instanceof DeclaredDependency)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('override', 'must name what dependency() returned')
  }
  if (fake instanceof DeclaredDependency && fake.isOrNeeds(replaced)) {
    throw new FASTSTREAM_ERR_TEST_BROKER(`what stands in for the dependency '${replaced.name}' needs it`)
  }
  const replacement = fake instanceof DeclaredDependency
    ? fake
    : new DeclaredDependency(replaced.name, {}, fake)
  for (const app of apps) overridesOf(app).set(replaced, replacement)
  return replaced
}

/** @throws FASTSTREAM_ERR_TEST_BROKER */
export function mustBeUsed (apps: readonly FastifyInstance[], dependency: DeclaredDependency): void {
  if (!apps.some((app) => isUsed(app, dependency))) {
    const reason = `no route and no subscriber uses the dependency '${dependency.name}' that is overridden`
    throw new FASTSTREAM_ERR_TEST_BROKER(reason)
  }
}
