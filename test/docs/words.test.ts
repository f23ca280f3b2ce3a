import t from 'tap'
import { readdirSync, readFileSync } from 'node:fs'
import { PAGES } from './pages.js'

const TYPES = readdirSync('types')
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test-d.ts'))
  .map((name) => [`types/${name}`, readFileSync(`types/${name}`, 'utf8')] as const)

t.test('a comment of the public types begins with a noun or a verb', async (t) => {
  const openings = /^(An?|The|As|At|By|For|From|How|If|In|It|Of|On|That|Those|To|Under|What|When|Where|Which|Who|With)\b/
  for (const [file, text] of TYPES) {
    const comments = [...text.matchAll(/\/\*\*\s+(?:\* )?(.*)/g)].map(([, first = '']) => first)
    t.ok(comments.length > 0)
    t.same(comments.filter((first) => openings.test(first)), [], file)
  }
})

t.test('a line of the public types has at most 120 columns', async (t) => {
  for (const [file, text] of TYPES) t.same(text.split('\n').filter((line) => line.length > 120), [], file)
})

t.test('a sentence names its subject', async (t) => {
  for (const [file, text] of [...TYPES, ...PAGES]) {
    t.same(text.match(/\b(nobody|somebody|anybody|everybody|whoever|whatever comes|comes again)\b/gi) ?? [], [], file)
  }
})
