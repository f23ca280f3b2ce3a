import { fork } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'
import { order } from '../order.js'
import { median, withKafka } from '../with-kafka.js'

// npm run bench:http [seconds] [rounds]
// POST at 100 connections: a route that publishes nothing, one with this plugin, one with kafkajs's producer.send per
// request.

const [duration = 8, rounds = 3] = process.argv.slice(2).map(Number)
const programs = ['plain', 'faststream', 'kafkajs'] as const

async function measure (program: typeof programs[number], brokers: string[]): Promise<number> {
  const child = fork(new URL('./server.ts', import.meta.url), [program, brokers.join()], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const [port] = await once(child, 'message') as [number]
  const options = {
    url: `http://127.0.0.1:${port}/orders`,
    method: 'POST' as const,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order(7)),
    connections: 100
  }
  await autocannon({ ...options, duration: 2 })
  const { requests, non2xx, errors } = await autocannon({ ...options, duration })
  if (non2xx > 0 || errors > 0) throw new Error(`${program}: ${non2xx} answers were no success, ${errors} errors`)
  child.send('close')
  await once(child, 'exit')
  return requests.average
}

await withKafka(async (brokers) => {
  console.log(
    `POST of ${Buffer.byteLength(
      JSON.stringify(order(7))
    )} bytes, 100 connections, ${duration} s each, ${rounds} rounds; requests/s\n`
  )
  console.log('round   publishes nothing   fastify-faststream   producer.send   ours / nothing   ours / send')
  const ratios = { plain: [] as number[], kafkajs: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    const figures = { plain: 0, faststream: 0, kafkajs: 0 }
    for (const program of programs) figures[program] = await measure(program, brokers)
    ratios.plain.push(figures.faststream / figures.plain)
    ratios.kafkajs.push(figures.faststream / figures.kafkajs)
    console.log(
      `${round + 1}      ${figures.plain.toFixed(0).padStart(18)} ${figures.faststream.toFixed(0).padStart(20)} ${figures.kafkajs.toFixed(0).padStart(15)} ${ratios.plain[round]?.toFixed(2).padStart(14)} × ${ratios.kafkajs[round]?.toFixed(2).padStart(11)} ×`
    )
  }
  console.log(
    `\nmedian: ${median(ratios.plain).toFixed(2)} × of a route that publishes nothing, ${median(
      ratios.kafkajs
    ).toFixed(2)} × of producer.send per request`
  )
})
