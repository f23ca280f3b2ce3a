import { fork } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'
import { median } from '../with-kafka.js'

// npm run bench:deps [requests] [rounds]
// GET at 100 connections: a plain Fastify route, the same again (what differs is noise), one with this plugin, and one with a dependency.
// User CPU per request, in turns; the rest is the kernel's and the same for all.

const [amount = 4000, rounds = 60] = process.argv.slice(2).map(Number)
const server = fork(new URL('./server.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
const [urls] = await once(server, 'message') as [string[]]

/** µs */
async function measure (url: string): Promise<number> {
  server.send('begin')
  const { requests, non2xx, errors } = await autocannon({ url, connections: 100, amount })
  if (non2xx > 0 || errors > 0) throw new Error(`${non2xx} answers were no success, ${errors} errors`)
  server.send('end')
  const [cpu] = await once(server, 'message') as [number]
  return cpu / requests.total
}

for (const url of urls.flatMap((url) => [url, url, url])) await measure(url)
const results = urls.map((): number[] => [])
for (let round = 0; round < rounds; round++) {
  for (const i of round % 2 === 0 ? [0, 1, 2, 3] : [3, 2, 1, 0]) results[i]?.push(await measure(urls[i] as string))
}
server.send('close')

const [plain = []] = results
console.log(`GET, 100 connections, ${rounds} rounds of ${amount} requests\n`)
console.log('                            µs/request    × plain (median of the rounds)')
for (const [i, name] of ['plain Fastify', 'the same again', 'with the plugin', 'with one dependency'].entries()) {
  const cpu = results[i] as number[]
  console.log(`${name.padEnd(24)} ${median(cpu).toFixed(2).padStart(13)} ${median(cpu.map((each, round) => each / (plain[round] as number))).toFixed(3).padStart(12)}`)
}
