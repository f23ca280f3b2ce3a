import t from 'tap'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { blocksOf, PAGES } from './pages.js'

const SCRIPTS = Object.keys((JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }).scripts)

t.test('a page is short, and so are its lines', async (t) => {
  for (const [page, text] of PAGES) {
    const lines = text.split('\n')
    t.ok(lines.length <= 251, `${page} has at most 250 lines`)
    if (text.includes('<!-- Generated')) continue
    // A row of a table and an image cannot be broken.
    t.same(lines.filter((line) => line.length > 120 && !/^[|!]/.test(line)), [], page)
  }
})

t.test('every link inside the documentation leads somewhere', async (t) => {
  for (const [page, text] of PAGES) {
    for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(target)) continue
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : normalize(join(dirname(page), path))
      t.ok(existsSync(file), `${page}: ${target}`)
      if (anchor !== undefined) t.ok(anchorsOf(file).includes(anchor), `${page}: ${target}`)
    }
  }
})

t.test('code is in a language that a test knows, and every script that is named exists', async (t) => {
  for (const page of PAGES.keys()) {
    for (const { line, language, code } of blocksOf(page)) {
      // The JavaScript needs a Kafka: test/kafka/local-kafka.test.ts runs it.
      t.ok(['ts', 'js', 'sh', 'json', 'text'].includes(language), `${page}:${line} ${language}`)
      if (language === 'json') t.ok(JSON.parse(code))
    }
    for (const [, script = ''] of (PAGES.get(page) ?? '').matchAll(/npm run ([\w:-]+)/g)) {
      t.ok(SCRIPTS.includes(script), `${page}: ${script}`)
    }
  }
})

t.test('the architecture names every room of lib/', async (t) => {
  const text = PAGES.get('docs/architecture.md') ?? ''
  const rooms = readdirSync('lib', { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice('lib/'.length))
    .filter((path) => path.split('/').length <= 2)
  for (const room of rooms) t.ok(text.includes(`${room}/`), room)
})

/** As GitHub makes them of headings. */
function anchorsOf (page: string): string[] {
  return [...(PAGES.get(page) ?? '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-'))
}
