import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { report } from '../report.js'
import { median, withKafka } from '../with-kafka.js'

// npm run bench -- request [seconds] [rounds]
// Round trips of request() at 1 and at 100 open requests, against what is written by hand on kafkajs: requests per
// second, and their latency. Each side is a process: one asks, one answers. The latency of a publish alone goes with
// it.

const [duration = 8, rounds = 3] = process.argv.slice(2).map(Number)
const programs = ['faststream', 'kafkajs'] as const
const OPEN = [1, 100]

export interface Figures {
  readonly perSecond: number
  /** ms */
  readonly p50: number
  readonly p99: number
  /** ms; of a publish alone. */
  readonly publish: number
}

async function started (
  program: string, side: 'answer' | 'ask', brokers: string[], topic: string
): Promise<ChildProcess> {
  const child = fork(new URL(`./${program}.ts`, import.meta.url), [side, brokers.join(), topic], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  await once(child, 'message')
  return child
}

async function ended (child: ChildProcess): Promise<void> {
  child.send({ close: true })
  await once(child, 'exit')
}

async function measure (program: string, brokers: string[], topic: string): Promise<Figures[]> {
  const answering = await started(program, 'answer', brokers, topic)
  const asking = await started(program, 'ask', brokers, topic)
  const figures: Figures[] = []
  for (const open of OPEN) {
    asking.send({ open, duration })
    const [measured] = await once(asking, 'message') as [Figures]
    figures.push(measured)
  }
  await ended(asking)
  await ended(answering)
  return figures
}

await withKafka(async (brokers) => {
  console.log(`round trips over Kafka, ${duration} s each, ${rounds} rounds; a publish alone in brackets\n`)
  const ratios = new Map(OPEN.map((open) => [open, { rate: [] as number[], publish: [] as number[] }]))
  for (let round = 1; round <= rounds; round++) {
    const all = new Map<string, Figures[]>()
    for (const program of programs) {
      all.set(program, await measure(program, brokers, `bench-request-${program}-${Date.now()}`))
    }
    for (const [at, open] of OPEN.entries()) {
      for (const program of programs) {
        const { perSecond, p50, p99, publish } = all.get(program)![at]!
        const times = `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms (${publish.toFixed(2)} ms)`
        const rate = `${perSecond.toFixed(0).padStart(6)}/s`
        console.log(`${round}  ${program.padEnd(10)}  ${String(open).padStart(3)} open  ${rate}  ${times}`)
      }
      const [ours, theirs] = programs.map((program) => all.get(program)![at]!) as [Figures, Figures]
      ratios.get(open)!.rate.push(ours.perSecond / theirs.perSecond)
      ratios.get(open)!.publish.push(ours.p50 / ours.publish)
    }
  }
  for (const [open, { rate, publish }] of ratios) {
    const p50 = `p50 is ${median(publish).toFixed(2)} × that of a publish`
    console.log(`\nmedian at ${open} open: ${median(rate).toFixed(2)} × the round trips of kafkajs by hand; ${p50}`)
  }
  report(Object.fromEntries(Array.from(ratios, ([open, { rate }]) => [`rate at ${open} open`, median(rate)])))
})
