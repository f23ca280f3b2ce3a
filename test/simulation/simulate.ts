import { parseArgs } from 'node:util'
import type { Climate } from './setting.js'
import { simulate } from './run.js'

// npm run simulate -- --seeds 3000 [--from 1] [--until-wrong]; one seed, line by line: npm run simulate -- --seed 7
// [--climate quiet]

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    climate: { type: 'string' },
    'clocks-jump': { type: 'boolean', default: false },
    'until-wrong': { type: 'boolean', default: false }
  }
})
const common = { climate: values.climate as Climate | undefined, clocksJump: values['clocks-jump'] }

if (values.seed !== undefined) {
  const { wrong, ...result } = await simulate({
    seed: Number(values.seed), ...common, print: (line) => { console.log(line) }
  })
  console.log(result)
  for (const line of wrong) console.log(line)
  process.exitCode = wrong.length > 0 ? 1 : 0
} else {
  const from = Number(values.from)
  const begun = performance.now()
  let failed = 0
  let events = 0
  const withdrawn: number[] = []
  for (let seed = from; seed < from + Number(values.seeds); seed++) {
    const { wrong, ...ofSeed } = await simulate({ seed, ...common })
    events += ofSeed.events
    withdrawn.push(ofSeed.withdrawn)
    if (wrong.length === 0) continue
    failed++
    console.log(`seed ${seed}`)
    for (const line of wrong) console.log(`  ${line}`)
    if (values['until-wrong']) break
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  console.log(`${values.seeds} seeds, ${failed} failed, ${events} events, ${seconds} s`)
  const all = withdrawn.reduce((sum, ofSeed) => sum + ofSeed)
  console.log(`${all} results withdrawn, in ${withdrawn.filter((ofSeed) => ofSeed > 0).length} seeds`)
  process.exitCode = failed > 0 ? 1 : 0
}
