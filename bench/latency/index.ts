import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Kafka, logLevel } from 'kafkajs'
import { report } from '../report.js'
import { median, withKafka } from '../with-kafka.js'
import type { Latency, Load } from './load.js'

// npm run bench -- latency [messages per second] [seconds] [rounds]
// Time from publish() to the handler at a steady rate, against `send` and `eachMessage` of kafkajs.

const [perSecond = 200, seconds = 10, rounds = 3] = process.argv.slice(2).map(Number)

async function measure (program: string, load: Load): Promise<Latency> {
  const child = fork(new URL(`./${program}.ts`, import.meta.url), [JSON.stringify(load)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc']
  })
  const [latency] = await once(child, 'message') as [Latency]
  await once(child, 'exit')
  return latency
}

await withKafka(async (brokers) => {
  const admin = new Kafka({ brokers, logLevel: logLevel.ERROR }).admin()
  await admin.connect()
  const ratios = { p50: [] as number[], p99: [] as number[] }
  console.log(`${perSecond} messages/s for ${seconds} s, ms\n`)
  console.log('round   by hand: p50    p99   fastify-faststream: p50    p99')
  for (let round = 1; round <= rounds; round++) {
    const topic = `bench-${Date.now()}`
    await admin.createTopics({ topics: [{ topic: `${topic}-1`, numPartitions: 3 }, { topic, numPartitions: 3 }] })
    const load = { brokers, perSecond, seconds }
    const hand = await measure('kafkajs', { ...load, topic: `${topic}-1` })
    const ours = await measure('faststream', { ...load, topic })
    const [a, b, c, d] = [hand.p50, hand.p99, ours.p50, ours.p99].map((ms) => ms.toFixed(2).padStart(6))
    console.log(`${round}             ${a} ${b}                    ${c} ${d}`)
    ratios.p50.push(hand.p50 / ours.p50)
    ratios.p99.push(hand.p99 / ours.p99)
  }
  await admin.disconnect()
  report({ p50: median(ratios.p50), p99: median(ratios.p99) })
})
