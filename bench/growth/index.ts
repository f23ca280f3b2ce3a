import { Kafka, logLevel, type Message, Partitioners } from 'kafkajs'
import { runReader, type Result } from '../compare-reading.js'
import { report } from '../report.js'
import { withKafka } from '../with-kafka.js'

// npm run bench -- growth [records] [names of rows]
// What a message costs as the work grows: partitions, subscribers (each with a topic of its own), bytes of a value,
// headers, messages that wait, publishers. The ratio of a row is the CPU of its first line against that of its last; of
// `bytes` that of a byte in the last two lines. A ratio far below 1 is a cost that grows faster than the work.

interface Work {
  readonly partitions: number
  readonly subscribers: number
  readonly bytes: number
  readonly headers: number
  readonly backlog: number
}

const ROWS = {
  partitions: [1, 3, 12, 48],
  subscribers: [1, 10, 100],
  bytes: [100, 1000, 10_000, 100_000],
  headers: [1, 10, 50],
  backlog: [10_000, 100_000, 1_000_000],
  publishers: [1, 10, 1000]
}
type Row = keyof typeof ROWS

/** Bytes of a topic: more would measure the disk. */
const MOST_BYTES = 400_000_000

const [given = '100000'] = process.argv.slice(2)
const records = Number(given)
const asked = process.argv.slice(3) as Row[]
const rows = asked.length > 0 ? asked : Object.keys(ROWS) as Row[]

await withKafka(async (brokers) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const ratios: Record<string, number> = {}
  for (const row of rows) {
    const costs: number[] = []
    console.log(`\n${row.padEnd(12)}     messages/s   CPU µs per message`)
    for (const size of ROWS[row]) {
      const { count, result } = row === 'publishers' ? await publish(size) : await read(kafka, row, size)
      costs.push(result.cpu / count)
      const rate = (count / result.seconds).toFixed(0).padStart(12)
      console.log(`${String(size).padStart(12)}   ${rate}   ${(result.cpu / count).toFixed(1).padStart(18)}`)
    }
    const [first, last] = row === 'bytes' ? perByte(costs) : [costs[0]!, costs.at(-1)!]
    ratios[row] = first / last
  }
  report(ratios)

  async function read (kafka: Kafka, row: Row, size: number): Promise<{ count: number, result: Result }> {
    const work: Work = { partitions: 3, subscribers: 1, bytes: 230, headers: 2, backlog: records, [row]: size }
    const count = Math.min(work.backlog, Math.floor(MOST_BYTES / work.bytes))
    const topics = await fill(kafka, work, count)
    const args = [brokers.join(), topics.join(), String(count)]
    return { count, result: await runReader(new URL('./reader.ts', import.meta.url), args) }
  }

  async function publish (publishers: number): Promise<{ count: number, result: Result }> {
    const args = [brokers.join(), `growth-${Date.now()}`, String(publishers), String(records)]
    return { count: records, result: await runReader(new URL('./publisher.ts', import.meta.url), args) }
  }
})

/** Writes the records, the same number to each topic, and returns the names of the topics. */
async function fill (
  kafka: Kafka, { partitions, subscribers, bytes, headers }: Work, count: number
): Promise<readonly string[]> {
  const topics = Array.from({ length: subscribers }, (_, i) => `growth-${Date.now()}-${i}`)
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: partitions })) })
  await admin.disconnect()
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const text = 'x'.repeat(Math.max(0, bytes - 30))
  const list = Array.from({ length: headers }, (_, i) => [i === 0 ? 'content-type' : `header-${i}`, 'application/json'])
  const message = (i: number): Message => (
    { partition: i % partitions, value: JSON.stringify({ id: `id-${i}`, text }), headers: Object.fromEntries(list) })
  const each = Math.max(1, Math.min(1000, Math.floor(500_000 / bytes)))
  for (const [index, topic] of topics.entries()) {
    const end = Math.floor(count * (index + 1) / topics.length)
    for (let i = Math.floor(count * index / topics.length); i < end; i += each) {
      const messages = Array.from({ length: Math.min(each, end - i) }, (_, j) => message(i + j))
      await producer.send({ topic, messages })
    }
  }
  await producer.disconnect()
  return topics
}

/** CPU of a byte in the last two lines. */
function perByte (costs: readonly number[]): [number, number] {
  const [size, largest] = ROWS.bytes.slice(-2) as [number, number]
  return [costs.at(-2)! / size, costs.at(-1)! / largest]
}
