import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import ts from 'typescript'

/** Casts per 1 000 lines of lib/. A type guard, a typed accessor or a narrower type takes the place of a cast. */
const LIMIT = 4

/** The casts of a source text as `line: text`. `as const` narrows and is none. */
function castsOf (text: string): string[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true)
  const casts: string[] = []
  const visit = (node: ts.Node): void => {
    if ((ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) && !ts.isConstTypeReference(node.type)) {
      casts.push(`${source.getLineAndCharacterOfPosition(node.type.getStart()).line + 1}: ${node.getText()}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return casts
}

const files = readdirSync('lib', { recursive: true, encoding: 'utf8' })
  .filter(
    (file) => file.endsWith('.ts') && !file.startsWith('asyncapi/page/') && !file.startsWith('asyncapi/site/static')
  )
  .map((file) => ({ file: `lib/${file}`, text: readFileSync(`lib/${file}`, 'utf8') }))

t.test('casts are counted wherever they stand', async (t) => {
  t.same(castsOf(
    "import { a as b } from 'c'\nconst d = ['e'] as const\nconst f = g as string\nconst h = (i as unknown as Map<number, string>).get(<number>j)"
  ), [
    '3: g as string',
    '4: i as unknown as Map<number, string>',
    '4: i as unknown',
    '4: <number>j'
  ])
})

t.test(`lib/ has at most ${LIMIT} casts per 1 000 lines, the page apart`, async (t) => {
  const casts = files.flatMap(({ file, text }) => castsOf(text).map((cast) => `${file}:${cast}`))
  const lines = files.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0)
  t.ok(lines > 10_000)
  t.ok(casts.length * 1000 <= LIMIT * lines, `${casts.length} casts in ${lines} lines`, { casts })
})

t.test('no value is cast by way of unknown', async (t) => {
  const doubled = /\bas unknown as\b/
  t.same(files.filter(({ text }) => doubled.test(text)).map(({ file }) => file), [])
})
