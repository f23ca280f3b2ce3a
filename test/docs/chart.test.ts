import { readFileSync } from 'node:fs'
import t from 'tap'
import { chart, type Recorded } from '../../bench/chart.js'

const recorded = JSON.parse(readFileSync('bench/recorded.json', 'utf8')) as Recorded

t.test('docs/speed.svg shows the ratios that are recorded', async (t) => {
  t.equal(readFileSync('docs/speed.svg', 'utf8'), chart(recorded), 'run npm run bench -- chart')
})

t.test('a ratio that is not recorded is an error', async (t) => {
  t.throws(() => chart({}), { message: /recorded.json has no ratio 'speed' of consume/ })
})
