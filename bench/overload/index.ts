import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { report } from '../report.js'
import { withKafka } from '../with-kafka.js'

// npm run bench -- overload [seconds] [work] [concurrency]
// An app that takes twice as many messages as it can handle, each of which holds its event loop for `work` ms: what
// becomes of its HTTP routes, its messages, its group and its memory, with the option `pressure` and without it. With a
// concurrency above 1 handlers wait for 5 ms before, so that many go on in one turn of the event loop. The last lines
// are the figures as JSON, and the ratios of p99 without load and with it.

const [seconds = 60, work = 1, concurrency = 1] = process.argv.slice(2).map(Number)
/** Messages by which the capacity is measured. */
const SAMPLE = Math.max(200, Math.floor(3000 / work))
/** Requests per second. */
const RATE = 50
/** ms */
const GIVE_UP = 30_000

interface Report { handled: number, repeated: number, rebalances: number, rates: string[], memory: number[] }

async function reportOf (server: ChildProcess): Promise<Report> {
  server.send('report')
  const [told] = await once(server, 'message') as [Report]
  return told
}

/** Latencies of a route that publishes, ms. */
async function load (port: number, duration: number) {
  const { latency, non2xx, errors, timeouts } = await autocannon({
    url: `http://127.0.0.1:${port}/orders`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"id":"1"}',
    connections: 10,
    overallRate: RATE,
    duration
  })
  return { p50: latency.p50, p99: latency.p99, max: latency.max, failed: non2xx + errors + timeouts }
}

await withKafka(async (brokers) => {
  const figures = []
  for (const coupling of ['coupled', 'uncoupled']) {
    const topic = `overload-${coupling}-${Date.now()}`
    const writer = Fastify()
    await writer.register(faststreamPlugin, { brokers, clientId: 'writer' })
    writer.broker.publisher(topic)
    await writer.ready()
    const args = [brokers.join(), topic, coupling, String(work), String(concurrency)]
    const server = fork(new URL('./server.ts', import.meta.url), args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc']
    })
    const [port] = await once(server, 'message') as [number]
    let published = 0
    const publish = (count: number): Promise<unknown> => {
      return Promise.all(Array.from({ length: count }, () => writer.broker.publish(topic, published++)))
    }
    /** Waits until so many are handled, or until nothing has been handled for a long time. */
    const handled = async (count: number): Promise<Report> => {
      let told = await reportOf(server)
      for (let last = performance.now(); told.handled < count && performance.now() - last < GIVE_UP;) {
        await sleep(100)
        const next = await reportOf(server)
        if (next.handled > told.handled) last = performance.now()
        told = next
      }
      return told
    }

    await load(port, 2)
    const unloaded = await load(port, Math.min(10, seconds))
    const began = performance.now()
    await publish(SAMPLE)
    await handled(SAMPLE)
    const capacity = SAMPLE / ((performance.now() - began) / 1000)

    // Every 20 ms as many as are due: twice of what the app can handle.
    const rate = 2 * capacity
    const started = performance.now()
    const until = started + seconds * 1000
    const sending = (async () => {
      let due = 0
      while (performance.now() < until) {
        due = Math.floor((performance.now() - started) / 1000 * rate)
        await publish(due - (published - SAMPLE))
        await sleep(20)
      }
    })()
    const loaded = await load(port, seconds)
    await sending
    const { memory, rates } = await reportOf(server)
    const end = await handled(published)
    const { repeated, rebalances } = end
    server.send('close')
    await once(server, 'exit')
    await writer.close()

    const third = Math.ceil(memory.length / 3)
    const [early, late] = [memory.slice(third, 2 * third), memory.slice(-third)].map((part) => Math.max(...part))
    const found = {
      coupling,
      capacity: Math.round(capacity),
      published,
      lost: published - end.handled,
      repeated,
      rebalances,
      rates,
      unloaded,
      loaded,
      p99: loaded.p99 / Math.max(1, unloaded.p99),
      memory: { middle: early, end: late }
    }
    figures.push(found)
    console.log(
      `${coupling}: ${found.capacity} messages/s can be handled, twice as many came for ${seconds} s\n` +
      `  HTTP p50 ${unloaded.p50} → ${loaded.p50} ms, p99 ${unloaded.p99} → ${loaded.p99} ms ` +
      `(× ${found.p99.toFixed(1)}), longest ${loaded.max} ms, ${loaded.failed} failed\n` +
      `  ${published} published, ${found.lost} lost, ${repeated} repeated, ${rebalances} rebalances; subscribers: ` +
      `${rates.join(', ')}\n  resident MiB ${early?.toFixed(0)} in the middle, ${late?.toFixed(0)} at the end`
    )
  }
  console.log(JSON.stringify({ seconds, work, concurrency, figures }))
  report(Object.fromEntries(figures.map(({ coupling, p99 }) => [coupling, 1 / p99])))
})
