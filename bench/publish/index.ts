import { fork } from 'node:child_process'
import { once } from 'node:events'
import { report } from '../report.js'
import { median, withKafka } from '../with-kafka.js'

// npm run bench -- publish [seconds] [rounds]
// Publishes from code, 1, 100 and 1 000 open at a time, against one `send` of kafkajs's producer for each.

const [seconds = 5, rounds = 3] = process.argv.slice(2).map(Number)
const OPEN = [1, 100, 1000]
const PROGRAMS = ['faststream', 'kafkajs'] as const

interface Figures {
  readonly perSecond: number
  /** µs per publish */
  readonly cpu: number
}

async function measure (program: string, brokers: string[]): Promise<Figures[]> {
  const child = fork(new URL(`./${program}.ts`, import.meta.url), [brokers.join()], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  await once(child, 'message')
  const all: Figures[] = []
  for (const open of OPEN) {
    child.send({ open, seconds })
    const [figures] = await once(child, 'message') as [Figures]
    all.push(figures)
  }
  child.send('close')
  await once(child, 'exit')
  return all
}

await withKafka(async (brokers) => {
  const rates = OPEN.map((): number[] => [])
  const cpus = OPEN.map((): number[] => [])
  for (let round = 1; round <= rounds; round++) {
    const [ours, theirs] = [await measure(PROGRAMS[0], brokers), await measure(PROGRAMS[1], brokers)]
    for (const [i, open] of OPEN.entries()) {
      const [a, b] = [ours[i], theirs[i]] as [Figures, Figures]
      rates[i]!.push(a.perSecond / b.perSecond)
      cpus[i]!.push(b.cpu / a.cpu)
      const columns = [a, b].map(({ perSecond, cpu }) => `${perSecond.toFixed(0).padStart(7)}/s ${cpu.toFixed(1)} µs`)
      console.log(`${round}  ${String(open).padStart(4)} open: ${columns.join('   kafkajs ')}`)
    }
  }
  const ratios = Object.fromEntries(OPEN.flatMap((open, i) => [
    [`rate at ${open} open`, median(rates[i]!)], [`cpu at ${open} open`, median(cpus[i]!)]
  ]))
  report(ratios)
})
