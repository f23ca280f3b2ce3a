import { readFileSync } from 'node:fs'
import t from 'tap'
import { EQUIVALENTS } from './equivalents.js'

t.test('each equivalent mutant has its line and a reason', async (t) => {
  for (const { file, line, to, reason } of EQUIVALENTS) {
    const lines = readFileSync(`lib/${file}`, 'utf8').split('\n').map((line) => line.trim())
    t.ok(lines.includes(line), `${file}: ${line}`)
    t.ok(to !== '' || line.includes("'"), `${file}: ${line} says what stands there instead`)
    t.match(reason, /^[A-Z].{20,}\.$/)
  }
  t.equal(new Set(EQUIVALENTS.map(({ file, line, to }) => `${file} ${line} ${to}`)).size, EQUIVALENTS.length)
})
