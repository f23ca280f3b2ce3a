import { fork } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'
import { median } from '../with-kafka.js'

// npm run bench -- deps [requests] [rounds]
// What the plugin costs a route that has nothing to do with it, and one with a dependency. That is less than what two
// runs of the same server differ by over real connections. So the way of a request through Fastify is measured alone,
// in turns, and what it takes longer is compared with what a request costs a plain Fastify over real connections.

const [requests = 20_000, rounds = 101] = process.argv.slice(2).map(Number)
const server = fork(new URL('./server.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
const [{ url, programs }] = await once(server, 'message') as [{ url: string, programs: string[] }]

async function ask (message: object): Promise<number> {
  server.send(message)
  const [answer] = await once(server, 'message') as [number]
  return answer
}

async function overConnections (): Promise<number> {
  server.send({ kind: 'begin' })
  const { requests, non2xx, errors } = await autocannon({ url, connections: 100, duration: 5 })
  if (non2xx > 0 || errors > 0) throw new Error(`${non2xx} answers were no success, ${errors} errors`)
  return await ask({ kind: 'end' }) / requests.total
}

await overConnections()
const costs = [await overConnections(), await overConnections(), await overConnections()]
const results = programs.map((): number[] => [])
for (let round = -3; round < rounds; round++) {
  const order = programs.map((_, app) => app)
  for (const app of round % 2 === 0 ? order : order.toReversed()) {
    const cost = await ask({ kind: 'route', app, requests })
    if (round >= 0) results[app]?.push(cost)
  }
}
server.send({ kind: 'close' })

const whole = median(costs)
const [plain = []] = results
console.log(
  `µs of CPU per request; plain Fastify over 100 connections: ${costs.map((cost) => cost.toFixed(1)).join(', ')}`
)
console.log(
  `\nthrough Fastify alone, medians of ${rounds} rounds of ${requests}     more than plain      of ${whole.toFixed(1)} µs`
)
for (const [app, program] of programs.entries()) {
  const more = median((results[app] as number[]).map((cost, round) => cost - (plain[round] as number)))
  console.log(
    `${program.padEnd(28)} ${median(
      results[app] as number[]
    ).toFixed(3).padStart(28)} ${more.toFixed(3).padStart(20)} ${(100 * more / whole).toFixed(1).padStart(15)} %`
  )
}
