import t from 'tap'
import { TARGETS } from '../fuzz/targets/index.js'
import { namedTests, testExists } from './named-tests.js'
import { PAGES } from './pages.js'

/** The threats of the list. */
const THREATS = 27
const PAGE = PAGES.get('docs/security.md') ?? ''
/** In lines that are broken, a title is, too. */
const TEXT = PAGE.replaceAll('\n', ' ')

t.test('every threat has a row: refused or bounded with its test, or not applicable yet', async (t) => {
  const rows = [...PAGE.matchAll(/^\| S(\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$/gm)]
  t.same(rows.map(([, number]) => Number(number)), Array.from({ length: THREATS }, (_, i) => i + 1))
  for (const [, number, , , what = '', tests = ''] of rows) {
    if (what.startsWith('does not apply yet: ')) t.same(namedTests(tests), [], `S${number}`)
    else t.ok(/^(refused|bounded)/.test(what) && namedTests(tests).length > 0, `S${number}`)
  }
})

t.test('every test that is named exists under its title', async (t) => {
  const named = namedTests(TEXT)
  t.ok(named.length >= THREATS)
  t.same(named.filter((test) => !testExists(test)), [])
})

t.test('every target of the fuzzer is named', async (t) => {
  for (const name of Object.keys(TARGETS)) t.ok(TEXT.includes(`\`${name}\``), name)
})
