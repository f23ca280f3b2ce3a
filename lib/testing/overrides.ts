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
  const isCircle = fake instanceof DeclaredDependency && (
    fake.isOrNeeds(replaced) || apps.some((app) => needsByOverrides(fake, replaced, overridesOf(app))))
  if (isCircle) {
    throw new FASTSTREAM_ERR_TEST_BROKER(`what stands in for the dependency '${replaced.name}' needs it`)
  }
  const replacement = fake instanceof DeclaredDependency
    ? fake
    : new DeclaredDependency(replaced.name, {}, fake)
  for (const app of apps) overridesOf(app).set(replaced, replacement)
  return replaced
}

/** Whether a dependency needs another one, by what stands in for its needs so far. */
function needsByOverrides (
  { needs }: DeclaredDependency, other: DeclaredDependency, overrides: ReturnType<typeof overridesOf>
): boolean {
  return [...needs.values()].some((need) => (
    need === other || needsByOverrides(overrides.get(need) ?? need, other, overrides)))
}

/** @throws FASTSTREAM_ERR_TEST_BROKER */
export function mustBeUsed (apps: readonly FastifyInstance[], dependency: DeclaredDependency): void {
  if (!apps.some((app) => isUsed(app, dependency))) {
    const reason = `no route and no subscriber uses the dependency '${dependency.name}' that is overridden`
    throw new FASTSTREAM_ERR_TEST_BROKER(reason)
  }
}
