import t from 'tap'
import { fuzz, runOne } from './run.js'
import { promise, type Random, type Target } from './target.js'
import { TARGETS } from './targets/index.js'

const INPUTS = 200

for (const [name, create] of Object.entries(TARGETS)) {
  t.test(`${INPUTS} hostile inputs of '${name}' break no promise`, { timeout: 120_000 }, async (t) => {
    t.same(await fuzz({ targets: [create], seed: 13, inputs: INPUTS }), [])
  })
}

t.test('a failure names the input that makes it again', async (t) => {
  const fed: string[] = []
  const target: Target = {
    name: 'numbers',
    run (random: Random) {
      const numbers = [random(100), random(100)].join()
      fed.push(numbers)
      promise(!numbers.startsWith('4'), numbers)
    }
  }
  const lines: string[] = []
  const [failure] = await fuzz({
    targets: [() => target], seed: 1, inputs: 1000, print: (line) => { lines.push(line) }
  })
  t.match(failure, { target: 'numbers', error: { message: fed.at(-1) } })
  t.match(lines, [/numbers: \d+ inputs, .*FAILED/])
  t.match(await runOne(target, failure!.input), { error: { message: fed.at(-1) } })
  t.equal(fed.at(-1), fed.at(-2))
})

t.test('an error that nothing catches, and a rejection, are failures', async (t) => {
  const wrong: Array<[Target['run'], RegExp]> = [
    [() => new Promise(() => { setImmediate(() => { throw new Error('in a listener') }) }), /in a listener/],
    [async () => { throw new Error('rejected') }, /rejected/]
  ]
  for (const [run, message] of wrong) t.match(await runOne({ name: 'wrong', run }, 1), { error: { message } })
})

t.test('an input that takes the processor for more than a second is a failure', async (t) => {
  const run = (): void => {
    const before = process.cpuUsage()
    for (let spent = 0; spent < 1_100_000;) {
      const { user, system } = process.cpuUsage(before)
      spent = user + system
    }
  }
  t.match(await runOne({ name: 'slow', run }, 1), { error: { message: /it took \d+ ms/ } })
})
