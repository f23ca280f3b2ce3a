import { fillTopic, runReader, type Result } from '../compare-reading.js'
import { report } from '../report.js'
import { median, withKafka } from '../with-kafka.js'

// npm run bench -- observe [records] [rounds]
// What traces and metrics cost a consumer: reading a topic to its end without them, and with each of them. Each round
// runs all variants in new processes, each one behind a run without them, to which it is compared. The last line is
// JSON of ratios: more is better.

/**
 * The most CPU per message that each variant may take, beside a run without it. `sdk` has none: the share of the SDK is
 * its own. It is compared with `hand`: the same span, with the same attributes, written into the handler by hand.
 */
const VARIANTS: ReadonlyArray<readonly [name: string, title: string, bound: number | undefined]> = [
  ['elsewhere', 'off; another broker of the app is observed', 1.01],
  ['metrics', 'metrics on prom-client', 1.25],
  ['channels', 'a subscriber of two diagnostics channels', 1.25],
  ['otel', 'traces and metrics, @opentelemetry/api without an SDK', 1.25],
  ['sdk', 'traces, with an SDK that samples all and exports nothing', undefined],
  ['hand', 'the same spans by hand in the handler, same SDK', undefined]
]

const [records = 200_000, rounds = 7] = process.argv.slice(2).map(Number)
const topic = `bench-observe-${Date.now()}`
let runs = 0

async function run (brokers: string[], variant: string): Promise<Result> {
  const groupId = `${topic}-${runs++}`
  return await runReader(new URL('./reader.ts', import.meta.url), [
    brokers.join(), topic, groupId, String(records), variant
  ])
}

await withKafka(async (brokers) => {
  await fillTopic(brokers, topic, records)
  const figures = VARIANTS.map(([variant, title, bound]) => {
    return { variant, title, bound, time: [] as number[], cpu: [] as number[] }
  })
  console.log(`${records} records, ${rounds} rounds; beside a run without traces and metrics\n`)
  for (let round = 0; round < rounds; round++) {
    for (const { variant, time, cpu } of figures) {
      // Every second round in the other order: what runs second finds a warmer machine.
      const order = round % 2 === 0 ? ['off', variant] : [variant, 'off']
      const results = new Map<string, Result>()
      for (const each of order) results.set(each, await run(brokers, each))
      const [off, on] = [results.get('off')!, results.get(variant)!]
      time.push(on.seconds / off.seconds)
      cpu.push(on.cpu / off.cpu)
      console.log(
        `${round + 1}  ${variant.padEnd(10)} cpu µs/msg ${(off.cpu / records).toFixed(2)} → ` +
        `${(on.cpu / records).toFixed(2)}  cpu × ${cpu.at(-1)!.toFixed(3)}  time × ${time.at(-1)!.toFixed(3)}`
      )
    }
  }
  console.log('')
  const medians = figures.map(({ variant, title, bound, time, cpu }) => {
    const found = { variant, cpu: median(cpu), time: median(time), bound, held: bound && median(cpu) <= bound }
    const verdict = bound === undefined ? '' : `, bound ${bound}: ${found.held === true ? 'held' : 'MISSED'}`
    console.log(`${title}: cpu × ${found.cpu.toFixed(3)}, time × ${found.time.toFixed(3)}${verdict}`)
    return found
  })
  const [sdk, hand] = ['sdk', 'hand'].map((name) => medians.find(({ variant }) => variant === name)?.cpu ?? NaN)
  console.log(`traces of the plugin beside those by hand: cpu × ${(sdk! / hand!).toFixed(3)}`)
  report(Object.fromEntries(medians.map(({ variant, cpu }) => [variant, 1 / cpu])))
})
