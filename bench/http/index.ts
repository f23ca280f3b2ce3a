import { fork } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'
import { order } from '../order.js'
import { report } from '../report.js'
import { median, withKafka } from '../with-kafka.js'

// npm run bench -- http [seconds] [rounds]
// POST at 100 connections: a route that publishes nothing, one with this plugin, one with kafkajs's producer.send per
// request.

const [duration = 8, rounds = 3] = process.argv.slice(2).map(Number)
const programs = ['plain', 'faststream', 'kafkajs'] as const

interface Figures {
  readonly perSecond: number
  /** µs per request */
  readonly cpu: number
  /** ms */
  readonly p99: number
}

async function measure (program: typeof programs[number], brokers: string[]): Promise<Figures> {
  const child = fork(new URL('./server.ts', import.meta.url), [program, brokers.join()], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const [port] = await once(child, 'message') as [number]
  const cpu = async (): Promise<number> => {
    child.send('cpu')
    return (await once(child, 'message') as [number])[0]
  }
  const options = {
    url: `http://127.0.0.1:${port}/orders`,
    method: 'POST' as const,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order(7)),
    connections: 100
  }
  await autocannon({ ...options, duration: 2 })
  await cpu()
  const { requests, latency, non2xx, errors } = await autocannon({ ...options, duration })
  if (non2xx > 0 || errors > 0) throw new Error(`${program}: ${non2xx} answers were no success, ${errors} errors`)
  const figures = { perSecond: requests.average, cpu: await cpu() / requests.total, p99: latency.p99 }
  child.send('close')
  await once(child, 'exit')
  return figures
}

await withKafka(async (brokers) => {
  const bytes = Buffer.byteLength(JSON.stringify(order(7)))
  console.log(`POST of ${bytes} bytes, 100 connections, ${duration} s each, ${rounds} rounds\n`)
  console.log('round   program       requests/s   CPU µs per request   p99 ms')
  const ratios = { plain: [] as number[], send: [] as number[], cpu: [] as number[] }
  const added: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const figures = new Map<typeof programs[number], Figures>()
    for (const program of programs) {
      const { perSecond, cpu, p99 } = await measure(program, brokers)
      figures.set(program, { perSecond, cpu, p99 })
      const columns = [perSecond.toFixed(0).padStart(10), cpu.toFixed(1).padStart(20), p99.toFixed(0).padStart(8)]
      console.log(`${round}       ${program.padEnd(12)} ${columns.join(' ')}`)
    }
    const [plain, ours, send] = programs.map((program) => figures.get(program)) as [Figures, Figures, Figures]
    ratios.plain.push(ours.perSecond / plain.perSecond)
    ratios.send.push(ours.perSecond / send.perSecond)
    ratios.cpu.push((send.cpu - plain.cpu) / (ours.cpu - plain.cpu))
    added.push(ours.cpu - plain.cpu)
  }
  const medians = { plain: median(ratios.plain), send: median(ratios.send), cpu: median(ratios.cpu) }
  console.log(`\nmedian: ${medians.plain.toFixed(2)} × of a route that publishes nothing, ${
    medians.send.toFixed(2)} × of producer.send per request`)
  console.log(`publishing adds ${median(added).toFixed(1)} µs of CPU to a request; producer.send ${
    medians.cpu.toFixed(2)} × as much`)
  report(medians)
})
