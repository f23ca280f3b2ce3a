import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string, readonly default: string }>>
  readonly scripts: Readonly<Record<string, string>>
}

// `npm test` has built dist/ before it comes here.
const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'])
const [{ files }] = JSON.parse(stdout) as [{ files: ReadonlyArray<{ path: string }> }]
const packed = files.map(({ path }) => path)
const manifest = JSON.parse(await readFile('package.json', 'utf8')) as Manifest

t.test('the package holds what was built, and three files about it', async (t) => {
  t.same(packed.filter((path) => !path.startsWith('dist/')).sort(), ['LICENSE', 'README.md', 'package.json'])
})

t.test('the package holds neither sources nor tests', async (t) => {
  t.same(packed.filter((path) => /(?<!\.d)\.ts$|\.test\.|\.test-d\./.test(path) || path.startsWith('dist/test/')), [])
})

t.test('every export is in the package, with its types', async (t) => {
  t.same(Object.keys(manifest.exports), ['.', './testing'])
  for (const { types, default: code } of Object.values(manifest.exports)) {
    t.ok(packed.includes(types.replace('./', '')), types)
    t.ok(packed.includes(code.replace('./', '')), code)
  }
})

t.test('the page is in the package as browsers take it, with the licences of what it is made of', async (t) => {
  const page = packed.filter((path) => path.startsWith('dist/lib/asyncapi/site/static/')).map(
    (path) => path.replace('dist/lib/asyncapi/site/static/', '')
  )
  t.same(page.sort(), [
    'LICENSES.txt', ...['favicon.svg', 'page.css', 'page.js'].flatMap((file) => [file, `${file}.br`, `${file}.gz`])
  ])
  t.match(await readFile('dist/lib/asyncapi/site/static/LICENSES.txt', 'utf8'), /mdast-util-from-markdown(.|\n)*MIT/i)
})

t.test('an installation runs nothing', async (t) => {
  t.same(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name)), [])
})
