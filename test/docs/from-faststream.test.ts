import t from 'tap'
import * as errors from '../../lib/errors.js'
import * as exported from '../../index.js'
import * as testing from '../../lib/testing/index.js'
import { FASTKAFKA_NAMES, FASTSTREAM_NAMES } from '../../lib/options/foreign-names.js'
import { INHERITED } from '../../lib/options/inherited.js'
import { PLUGIN } from '../../lib/options/plugin-options.js'
import { faststream } from '../support/faststream.js'
import { METHODS, README_NAMES, README_TEXT } from './foreign-names.js'
import { namedTests, testExists } from './named-tests.js'
import { PAGES } from './pages.js'
import { MEMBERS, optionsNamed } from './type-members.js'

/* The tables of the two pages, against the names of the reference pages, the types, the errors and the tests. */

interface Row {
  readonly page: string
  readonly section: string
  readonly name: string
  readonly here: string
  readonly last: string
}

/** Work that later issues do; a row that is planned names one of these. */
const PLANNED = [
  'batch subscribers', 'batches', 'clusters by environment', 'codecs', 'partitions chosen by hand', 'patterns',
  'request and reply', 'subscribers that are declared while the app runs', 'the test kit', 'a command line',
  'routers', 'middlewares', 'error handlers', 'several message types on one topic', 'sizes of a fetch',
  'the age of metadata', 'the interval of heartbeats', 'the isolation level', 'the rack of a consumer',
  'rebalance listeners', 'replies', 'partitioners', 'publishing without waiting', 'topics from names of functions',
  'hooks of the broker', 'background tasks', 'topics()', 'isStarted', 'fastify start --watch'
]
const CURES: Readonly<Record<string, string>> = { ...FASTKAFKA_NAMES, ...FASTSTREAM_NAMES }

function rowsOf (page: string): Row[] {
  const parts = (PAGES.get(page) ?? '').split(/^##+ /m).slice(1)
  return parts.flatMap((part) => {
    const [heading = ''] = part.split('\n')
    return [...part.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$/gm)]
      .map(([, name = '', here = '', last = '']) => ({ page, section: heading.replaceAll('`', ''), name, here, last }))
  })
}

/** `method` and `method.parameter`, as the rows of a page have them. */
function flat ({ section, name }: Row): string {
  const [, method = section, parameter] = /^(\w+)\((\w*)\)$/.exec(name) ?? [undefined, section.replace('()', ''), name]
  return parameter === '' || parameter === undefined ? method : `${method}.${parameter}`
}

const ROWS = ['docs/from-faststream.md', 'docs/from-fastkafka.md'].flatMap(rowsOf)
  .filter(({ section }) => section !== 'What is different')
const OURS = ROWS.filter(({ here }) => here.includes(']('))
/** Code that a cell links: `[`retry`](…)`. */
const linked = ({ here }: Row): string[] => [...here.matchAll(/\[`([^`]+)`\]\(/g)].map(([, code = '']) => code)
const place = ({ page, section, name }: Row): string => `${page} ${section} ${name}`

for (const [page, source] of [
  ['docs/from-faststream.md', 'FastStream KafkaRouter'], ['docs/from-fastkafka.md', 'FastKafka Tester']
] as const) {
  t.test(`${page} has every name of the reference page, and none twice`, async (t) => {
    const methods = METHODS.filter((method) => method.source === source)
    const names = methods.flatMap(({ method, parameters }) => {
      const called = method === '__init__' ? 'Tester' : method
      return [called, ...parameters.map((parameter) => `${called}.${parameter}`)]
    })
    t.ok(names.length > 70)
    const rows = ROWS.filter((row) => row.page === page && /^(\w+\(\)|Other methods)$/.test(row.section))
    t.same(rows.map(flat).sort(), names.sort())
  })
}

t.test('docs/from-faststream.md has every name of the README, and no section has a name twice', async (t) => {
  const rows = ROWS.filter(({ section }) => section === 'The README')
  t.same(rows.map(({ name }) => name).sort(), [...README_NAMES].sort())
  const places = ROWS.map(place)
  t.same(places.filter((each, i) => places.indexOf(each) !== i), [])
  const [, listed = ''] = /The README adds: (.*)\./.exec(README_TEXT) ?? []
  const names = listed.split(/[,/()]\s*/).map((name) => name.trim()).filter((name) => name !== '')
  t.same(names.filter((name) => !rows.some((row) => row.name === name)), [])
})

t.test('a row says what is there and names a test, or gives a reason, or is planned', async (t) => {
  t.ok(ROWS.length > 200)
  for (const row of ROWS) {
    const { here, last } = row
    if (here.includes('](')) t.ok(namedTests(last).length > 0, `${place(row)} names a test`)
    else if (here === 'none') t.ok(last.length > 20 && namedTests(last).length === 0, `${place(row)} has a reason`)
    else t.ok(here === 'planned' && PLANNED.includes(last), `${place(row)} is planned as ${last}`)
  }
  const planned = ROWS.filter(({ here }) => here === 'planned')
  const themes = [...new Set(planned.map(({ last }) => last))].sort()
  t.comment(`${planned.length} of ${ROWS.length} rows are planned: ${themes.join(', ')}`)
})

t.test('every test that is named exists under its title', async (t) => {
  const named = ROWS.flatMap((row) => namedTests(row.last).map((test) => ({ ...test, row: place(row) })))
  t.ok(named.length > 80)
  t.same(named.filter((test) => !testExists(test)), [])
})

t.test('what a row links exists: an option in the tables, a member of the types, an export, an error', async (t) => {
  const ofFastify = ['app', 'broker', 'message', 'request', 'register', 'addHook', 'listen', 'Fastify']
  const names = new Set([
    ...MEMBERS.flatMap(({ names }) => names), ...Object.keys(exported), ...Object.keys(testing), ...ofFastify
  ])
  const help = (await faststream('--help')).out + (await faststream('run', '--help')).out
  for (const row of OURS) {
    t.ok(linked(row).length > 0 || /FASTSTREAM_ERR/.test(row.here), place(row))
    for (const code of linked(row)) {
      // A verb of the command line, or an option of it.
      if (row.here.includes(`[\`${code}\`](command-line.md`)) {
        t.ok(help.includes(code), `${place(row)}: ${code}`)
        continue
      }
      const unknown = code.replace('()', '').split('.').filter((part) => !names.has(part))
      t.same(unknown, [], `${place(row)}: ${code}`)
    }
    for (const [, code = ''] of row.here.matchAll(/\[`([^`]+)`\]\(options\.md/g)) {
      const [option = ''] = code.split('.')
      t.ok(Object.hasOwn(INHERITED, option) || Object.hasOwn(PLUGIN, option), `${place(row)}: ${code}`)
    }
  }
  for (const { here, last } of ROWS) {
    for (const [code] of `${here} ${last}`.matchAll(/FASTSTREAM_ERR_[A-Z_]+/g)) t.ok(Object.hasOwn(errors, code), code)
  }
})

t.test('the error of an option that is written under its name there says what its row says', async (t) => {
  for (const row of ROWS.filter(({ section }) => section !== 'The README')) {
    const cure = CURES[row.name]
    // Without a cure it is ours under the same name, or no option.
    if (cure === undefined) continue
    const roots = linked(row).map((code) => code.split('.')[0] ?? '')
    if (row.here === 'none') t.match(cure, /^(leave it out|there (is|are) no)|^use /, place(row))
    else if (row.here !== 'planned') {
      t.notMatch(cure, /yet$/, place(row))
      t.ok(isArgument(row) || roots.some((root) => root === row.name || cure.includes(root)), place(row) + cure)
    }
  }
})

t.test('the comment of an option has its name there, so that a search finds it', async (t) => {
  for (const row of OURS.filter(({ section }) => section !== 'The README')) {
    for (const code of linked(row)) {
      const [root = ''] = code.split('.')
      const members = optionsNamed(root)
      if (code.endsWith('()') || row.name.includes('(') || members.length === 0 || root === row.name) continue
      const source = row.page === 'docs/from-fastkafka.md' ? /FastKafka|FastStream/ : /FastStream/
      const found = members.some(({ text }) => text.includes(`\`${row.name}\``) && source.test(text))
      t.ok(found, `${place(row)}: a comment of ${code} names \`${row.name}\``)
    }
  }
})

/** An argument of a call here: `subscriber(topics, …)`. */
function isArgument ({ here }: Row): boolean {
  return here.includes('first argument')
}
