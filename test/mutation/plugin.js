import { relative } from 'node:path'
import { TestRunner } from './test-runner.js'
import { isProse } from './prose.js'

/*
 * What `npm run mutate` adds to Stryker: a runner of compiled tests, the texts that are not changed, and a line for
 * each mutant that no test has found, as soon as that is known.
 */

class Unseen {
  onMutantTested ({ status, fileName, location: { start: { line, column } }, replacement }) {
    if (status === 'Killed' || status === 'Timeout' || status === 'Ignored') return
    console.log(`${relative(process.cwd(), fileName)}:${line}:${column} ${replacement.replace(/\s+/g, ' ')}`)
  }
}

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'compiled', injectableClass: TestRunner },
  { kind: 'Reporter', name: 'unseen', injectableClass: Unseen },
  { kind: 'Ignore', name: 'prose', value: { shouldIgnore: isProse } }
]

export const strykerValidationSchema = {
  properties: { compiled: { type: 'object', properties: { folders: { type: 'array', items: { type: 'string' } } } } }
}
