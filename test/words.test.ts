import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import ts from 'typescript'

/** Words without a subject that a reader could name, and openings that leave the sentence without a verb. */
const BANNED = /\b(nobody|somebody|anybody|everybody|whoever|comes? again|came again|that which)\b|^In which\b/i

const COMMENT = /\/\*[^]*?\*\/|\/\/.*/g

const FOLDERS = ['lib', 'types', 'test', 'examples', 'scripts', 'bench', 'tools']
const PAGES = [
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
  'README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'
].filter((path) => path.endsWith('.md'))

interface Words { readonly comments: string[], readonly titles: string[], readonly strings: string[] }

/** The comments of a source text without their marks, the titles of its tests, and all of its string literals. */
function wordsOf (text: string): Words {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest)
  const words: Words = { comments: [], titles: [], strings: [] }
  let code = text
  const visit = (node: ts.Node): void => {
    if (isText(node)) words.strings.push(node.text)
    if (ts.isLiteralExpression(node) || isText(node)) {
      // What looks like a comment in a literal is none.
      const start = node.getStart(source)
      code = code.slice(0, start) + '_'.repeat(node.end - start) + code.slice(node.end)
    }
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const [title] = node.arguments
      if (node.expression.name.text === 'test' && title !== undefined) words.titles.push(title.getText(source))
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  words.comments.push(...Array.from(code.matchAll(COMMENT), ([comment]) => plain(comment)))
  return words
}

function isText (node: ts.Node): node is ts.LiteralLikeNode {
  return ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
}

function plain (comment: string): string {
  return comment.replace(/^\/[/*]+|\*+\/$/g, '').replace(/\n\s*\*? ?/g, ' ').trim()
}

function bannedOf (texts: readonly string[]): string[] {
  return texts.filter((text) => BANNED.test(text.replace(/^['"`]/, '')))
}

const sources = FOLDERS.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.includes('node_modules') && name !== 'words.test.ts')
  .map((name) => {
    const file = `${folder}/${name}`
    return { file, ...wordsOf(readFileSync(file, 'utf8')) }
  }))

t.test('comments, titles and strings are found wherever they stand', async (t) => {
  const { comments, titles, strings } = wordsOf([
    '/** Whoever\n * reads. */', 'const a = [ // first', '  /[/][*]/, `b // no comment` /* In which d */', ']',
    "t.test('it comes again', () => {", '  // last', '})'
  ].join('\n'))
  t.same(comments.sort(), ['In which d', 'Whoever reads.', 'first', 'last'])
  t.same(titles, ["'it comes again'"])
  t.same(strings, ['b // no comment', 'it comes again'])
  t.same(bannedOf([...comments, ...titles, 'In which', 'The room in which it is']), [
    'In which d', 'Whoever reads.', "'it comes again'", 'In which'
  ])
})

t.test('comments and the titles of tests name a subject', async (t) => {
  t.ok(sources.length > 300)
  for (const { file, comments, titles } of sources) {
    const found = bannedOf([...comments, ...titles])
    if (found.length > 0) t.same(found, [], file)
  }
})

t.test('errors and log lines name a subject', async (t) => {
  for (const { file, strings } of sources) {
    const found = file.startsWith('lib/') ? bannedOf(strings) : []
    if (found.length > 0) t.same(found, [], file)
  }
})

t.test('the documentation names a subject', async (t) => {
  for (const page of PAGES) t.same(bannedOf(readFileSync(page, 'utf8').split('\n')), [], page)
})
