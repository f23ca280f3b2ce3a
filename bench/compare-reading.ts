import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { order } from './order.js'
import { report } from './report.js'
import { median, withKafka } from './with-kafka.js'

/** Time, s, and CPU, µs, of a program. */
export interface Result { seconds: number, cpu: number }

/** Creates a topic of three partitions with so many records, and one for results. */
export async function fillTopic (brokers: string[], topic: string, records: number): Promise<void> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.ERROR })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [topic, `${topic}-priced`].map((topic) => ({ topic, numPartitions: 3 })) })
  await admin.disconnect()
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  for (let i = 0; i < records; i += 1500) {
    const messages = Array.from({ length: Math.min(1500, records - i) }, (_, j) => ({
      key: `key-${(i + j) % 1000}`,
      value: JSON.stringify(order(i + j)),
      partition: (i + j) % 3,
      headers: {
        'content-type': 'application/json',
        correlation_id: `00000000-0000-0000-0000-${String(i + j).padStart(12, '0')}`
      }
    }))
    await producer.send({ topic, messages })
  }
  await producer.disconnect()
}

/** Runs a program that reads a topic to its end, in a process of its own. */
export async function runReader (program: URL, args: readonly string[]): Promise<Result> {
  const child = fork(program, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [result] = await once(child, 'message') as [Result]
  await once(child, 'exit')
  return result
}

/**
 * Reads a topic to its end with `faststream.ts` of a folder, and by hand with its `kafkajs.ts`; in turns, each time in
 * a new process and a new group. `variant`: an argument for both programs.
 */
export async function compareReading (
  folder: string, [records = 300_000, rounds = 5]: readonly number[], variant = 'plain'
): Promise<void> {
  const topic = `bench-${Date.now()}`

  async function run (program: string, brokers: string[], round: number): Promise<Result> {
    const groupId = `${topic}-${program}-${round}`
    return await runReader(new URL(program, folder), [brokers.join(), topic, groupId, String(records), variant])
  }

  await withKafka(async (brokers) => {
    await fillTopic(brokers, topic, records)
    const ratios: number[] = []
    const cpuRatios: number[] = []
    console.log(
      `${records} records of ${Buffer.byteLength(JSON.stringify(order(1)))} bytes in 3 partitions, ${rounds} rounds, ${variant}\n`
    )
    console.log('round   by hand: msg/s  cpu µs/msg   fastify-faststream: msg/s  cpu µs/msg   ratio')
    for (let round = 0; round < rounds; round++) {
      const hand = await run('./kafkajs.ts', brokers, round)
      const ours = await run(variant === 'floor' ? './floor.ts' : './faststream.ts', brokers, round)
      ratios.push(hand.seconds / ours.seconds)
      cpuRatios.push(hand.cpu / ours.cpu)
      const columns = [hand, ours].map(({ seconds, cpu }) => {
        return `${(records / seconds).toFixed(0).padStart(14)}  ${(cpu / records).toFixed(1).padStart(10)}`
      })
      console.log(
        `${round + 1}      ${columns[0]}       ${columns[1]}        ${(hand.seconds / ours.seconds).toFixed(2)} ×`
      )
    }
    console.log(`\nmedian ratio of speed ${median(ratios).toFixed(2)} ×, of cpu ${median(cpuRatios).toFixed(2)} ×`)
    report({ speed: median(ratios), cpu: median(cpuRatios) })
  })
}
