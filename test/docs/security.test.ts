import t from 'tap'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { TARGETS } from '../fuzz/targets/index.js'
import { PAGES } from './pages.js'

/** The threats of the list. */
const THREATS = 27
const PAGE = PAGES.get('docs/security.md') ?? ''
/** In lines that are broken, a title is, too. */
const TEXT = PAGE.replaceAll('\n', ' ')

interface NamedTest { readonly path: string, readonly title: string }

/** Of `path`: "title"; "another title". */
function testsOf (text: string): NamedTest[] {
  return [...text.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:; )?)+)/g)].flatMap(([, path = '', titles = '']) => (
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ path, title }))))
}

/** The tests of a file, or of all files of a folder. */
function sourceOf (path: string): string {
  if (!statSync(path).isDirectory()) return readFileSync(path, 'utf8')
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(`${path}/${file}`, 'utf8')).join('\n')
}

t.test('every threat has a row: refused or bounded with its test, or not applicable yet', async (t) => {
  const rows = [...PAGE.matchAll(/^\| S(\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]*)\|$/gm)]
  t.same(rows.map(([, number]) => Number(number)), Array.from({ length: THREATS }, (_, i) => i + 1))
  for (const [, number, , , what = '', tests = ''] of rows) {
    if (what.startsWith('does not apply yet: ')) t.same(testsOf(tests), [], `S${number}`)
    else t.ok(/^(refused|bounded)/.test(what) && testsOf(tests).length > 0, `S${number}`)
  }
})

t.test('every test that is named exists under its title', async (t) => {
  const named = testsOf(TEXT)
  t.ok(named.length >= THREATS)
  for (const { path, title } of named) {
    if (!t.ok(existsSync(path), path)) continue
    const source = sourceOf(path).replaceAll("\\'", "'")
    const begins = [`test('${title}`, `test("${title}`, `test(\`${title}`, ` ${title}`]
    t.ok(begins.some((begin) => source.includes(begin)), `${path}: ${title}`)
  }
})

t.test('every target of the fuzzer is named', async (t) => {
  for (const name of Object.keys(TARGETS)) t.ok(TEXT.includes(`\`${name}\``), name)
})
