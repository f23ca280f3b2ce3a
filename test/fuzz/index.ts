import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { fuzz, runOne } from './run.js'
import { TARGETS } from './targets/index.js'

// npm run fuzz [-- --seconds 60] [--seed 1] [--target records]; one input again:
// npm run fuzz -- --target records --input 7

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    target: { type: 'string' },
    input: { type: 'string' }
  }
})
const names = values.target === undefined ? Object.keys(TARGETS) : [values.target]
const targets = names.map((name) => {
  const create = TARGETS[name]
  if (create === undefined) {
    throw new Error(`there is no target '${name}': there are ${Object.keys(TARGETS).join(', ')}`)
  }
  return create
})

if (values.input !== undefined) {
  for (const create of targets) {
    const target = await create()
    const { error, took } = await runOne(target, Number(values.input))
    await target.close?.()
    console.log(`${target.name}: ${error === undefined ? 'passed' : 'FAILED'} in ${took.toFixed(0)} ms`)
    if (error === undefined) continue
    console.error(error)
    process.exitCode = 1
  }
} else {
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed)
  console.log(`seed ${seed}`)
  const duration = Number(values.seconds) * 1000 / targets.length
  const failures = await fuzz({ targets, seed, duration, print: (line) => { console.log(line) } })
  for (const { target, input, error } of failures) {
    console.error(error)
    console.error(`again: npm run fuzz -- --target ${target} --input ${input}`)
    process.exitCode = 1
  }
}
