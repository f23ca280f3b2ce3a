import t from 'tap'
import { readFileSync } from 'node:fs'
import * as errors from '../../lib/errors.js'
import { INHERITED } from '../../lib/options/inherited.js'
import { PLUGIN } from '../../lib/options/plugin-options.js'
import { deadLettersPage } from '../../scripts/docs/dead-letters.js'
import { errorRows, errorsPage } from '../../scripts/docs/errors.js'
import { optionRows, optionsPage } from '../../scripts/docs/options.js'

const TYPES = ['options', 'inherited-options', 'consumer-options', 'scope-options', 'observe-options']
  .map((file) => readFileSync(`types/${file}.ts`, 'utf8')).join('\n')

t.test('docs/options.md is the table of options', async (t) => {
  t.equal(readFileSync('docs/options.md', 'utf8'), optionsPage(), 'run npm run docs')
})

t.test('docs/errors.md is the catalogue of errors', async (t) => {
  t.equal(readFileSync('docs/errors.md', 'utf8'), errorsPage(), 'run npm run docs')
  t.same(errorRows().map(({ code }) => code).sort(), Object.keys(errors).sort())
})

t.test('docs/dead-letters.md is the list of headers', async (t) => {
  t.equal(readFileSync('docs/dead-letters.md', 'utf8'), deadLettersPage(), 'run npm run docs')
})

t.test('the types have the options of the tables, with the same defaults', async (t) => {
  for (const [types, table] of [
    [['InheritedOptions', 'InheritedConsumerOptions', 'LayerOptions'], INHERITED],
    [['FaststreamOptions', 'ObserveOptions'], PLUGIN]
  ] as const) {
    t.same(
      Object.assign({}, ...types.map(defaultsOf)),
      Object.fromEntries(optionRows(table).map(({ name, default: shown }) => [name, shown])),
      types.join()
    )
  }
})

/** The members of an interface with the `@default` of their comments. */
function defaultsOf (type: string): Record<string, string> {
  const [, body = ''] = new RegExp(`export interface ${type} .*?\\{\\n(.*?)\\n\\}`, 's').exec(TYPES) ?? []
  const members = body.matchAll(/ {2}\/\*\*(.*?)\*\/\n {2}(\w+)\?:/gs)
  return Object.fromEntries([...members].map(
    ([, comment = '', name = '']) => [name, /@default (.*?)\s*$/m.exec(comment)?.[1] ?? '']
  ))
}
