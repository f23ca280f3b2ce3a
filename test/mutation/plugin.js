import { TestRunner } from './test-runner.js'
import { isProse } from './prose.js'

/* What `npm run mutate` adds to Stryker: a runner of compiled tests, and the texts that are not changed. */

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'compiled', injectableClass: TestRunner },
  { kind: 'Ignore', name: 'prose', value: { shouldIgnore: isProse } }
]

export const strykerValidationSchema = {
  properties: { compiled: { type: 'object', properties: { folders: { type: 'array', items: { type: 'string' } } } } }
}
