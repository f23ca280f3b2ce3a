import t from 'tap'
import { readdirSync, readFileSync } from 'node:fs'

const TYPES = readdirSync('types')
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test-d.ts'))
  .map((name) => [`types/${name}`, readFileSync(`types/${name}`, 'utf8')] as const)

t.test('a comment of the public types begins with a noun or a verb', async (t) => {
  const openings = /^(As|At|By|For|From|How|If|In|It|Of|On|Since|That|Those|To|Under|Until|What|When|Where|Which|Who|Why|With)\b/
  for (const [file, text] of TYPES) {
    const comments = [...text.matchAll(/\/\*\*\s+(?:\* )?(.*)/g)].map(([, first = '']) => first)
    t.ok(comments.length > 0)
    t.same(comments.filter((first) => openings.test(first)), [], file)
  }
})

t.test('a line of the public types has at most 120 columns', async (t) => {
  for (const [file, text] of TYPES) t.same(text.split('\n').filter((line) => line.length > 120), [], file)
})
