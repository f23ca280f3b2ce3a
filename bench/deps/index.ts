import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'
import { median } from '../with-kafka.js'

// npm run bench:deps [seconds] [rounds]
// GET at 100 connections: a plain Fastify route, the same with this plugin, and one with a dependency. CPU per request, in turns.

const [duration = 3, rounds = 7] = process.argv.slice(2).map(Number)
const programs = ['plain', 'plugin', 'deps'] as const

interface Server {
  readonly child: ChildProcess
  readonly url: string
}

async function start (program: string): Promise<Server> {
  const child = fork(new URL('./server.ts', import.meta.url), [program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [port] = await once(child, 'message') as [number]
  const url = `http://127.0.0.1:${port}/`
  await autocannon({ url, connections: 100, duration: 2 })
  return { child, url }
}

/** µs of CPU per request */
async function measure ({ child, url }: Server): Promise<number> {
  child.send('begin')
  const { requests, non2xx, errors } = await autocannon({ url, connections: 100, duration })
  if (non2xx > 0 || errors > 0) throw new Error(`${non2xx} answers were no success, ${errors} errors`)
  child.send('end')
  const [cpu] = await once(child, 'message') as [number]
  return cpu / requests.total
}

const servers = { plain: await start('plain'), plugin: await start('plugin'), deps: await start('deps') }
const ratios = { plugin: [] as number[], deps: [] as number[] }
console.log(`GET, 100 connections, ${duration} s each, ${rounds} rounds; µs of CPU per request\n`)
console.log('round   plain   plugin     deps   plugin / plain   deps / plain')
for (let round = 0; round < rounds; round++) {
  const cpu = { plain: 0, plugin: 0, deps: 0 }
  for (const program of round % 2 === 0 ? programs : programs.toReversed()) cpu[program] = await measure(servers[program])
  ratios.plugin.push(cpu.plugin / cpu.plain)
  ratios.deps.push(cpu.deps / cpu.plain)
  console.log(`${round + 1}    ${cpu.plain.toFixed(2).padStart(9)} ${cpu.plugin.toFixed(2).padStart(8)} ${cpu.deps.toFixed(2).padStart(8)} ${ratios.plugin.at(-1)?.toFixed(3).padStart(14)} × ${ratios.deps.at(-1)?.toFixed(3).padStart(12)} ×`)
}
console.log(`\nmedian: a route without dependencies ${median(ratios.plugin).toFixed(3)} × plain Fastify, with one dependency ${median(ratios.deps).toFixed(3)} ×`)
for (const { child } of Object.values(servers)) child.send('close')
