import type { Broker } from '../broker/broker.js'
import { decode } from '../message/decode.js'
import { decodeByRules, hasCodecs } from '../message/decode-by-rules.js'
import { decodeValueOf } from '../message/decode-value.js'
import { decodeHeaders } from '../message/headers.js'
import { dateOf } from '../message/timestamp.js'
import { reasonOf } from '../to-error.js'
import type { ConsumedRecord, ConsumerOptions } from '../transport/transport.js'
import { BROKER, BROKER_HELP, chosenBroker } from './chosen-broker.js'
import { textOf, type Call, type Command, type ExitCode, type Output } from './command.js'
import { loadApp } from './load-app.js'
import { shownBytes, writeLine } from './output.js'
import { offsetIn, resetOf } from './range.js'
import { numberOf } from './selecting.js'
import { UsageError } from './usage-error.js'

export const tail: Command = {
  usage: 'faststream tail [app] --topic orders [--from now|earliest|time|0:42] [--count 10] [--filter text]',
  help: `Shows the messages of a topic as they come, one JSON object a line, without a group: no offset is stored.

  --topic orders             the topic
  --from now                 where reading begins: now, earliest, a time as 2026-11-30T08:00:00Z, or 0:42, which is
                             offset 42 of partition 0; then only that partition is read
  --count 10                 ends after as many messages; else Ctrl+C does
  --filter text              only messages whose line holds the text
${BROKER_HELP}`,
  options: {
    ...BROKER,
    topic: { type: 'string' },
    from: { type: 'string' },
    count: { type: 'string' },
    filter: { type: 'string' }
  },
  run
}

async function run ({ values, positionals: [file], rest, out, signal }: Call): Promise<ExitCode> {
  const topic = textOf(values, 'topic')
  if (topic === undefined) throw new UsageError('name the topic: --topic orders')
  const from = textOf(values, 'from') ?? 'now'
  const place = offsetIn(from)
  const reading = place === undefined
    ? { offsetReset: resetOf('from', from) }
    : { offsetReset: 'earliest' as const, partitions: [place.partition], positions: [{ topic, ...place }] }
  const count = numberOf(values, 'count') ?? Infinity
  const filter = textOf(values, 'filter') ?? ''
  const app = await loadApp({ file, rest, connects: true })
  try {
    await follow(chosenBroker(app, values), { topic, reading, count, filter }, out, signal)
    return 0
  } finally {
    await app.close()
  }
}

interface Following {
  readonly topic: string
  readonly reading: Pick<ConsumerOptions, 'offsetReset' | 'partitions' | 'positions'>
  readonly count: number
  readonly filter: string
}

/** Resolves when `count` messages are shown, or `signal` aborts. */
async function follow (
  broker: Broker, { topic, reading, count, filter }: Following, out: Output, signal: AbortSignal
): Promise<void> {
  const { transport } = broker
  const partitions = (await transport.describeTopics([topic])).get(topic)
  if (partitions === undefined) throw new UsageError(`the cluster has no topic '${topic}'`)
  const missing = reading.partitions?.find((partition) => partition >= partitions)
  if (missing !== undefined) throw new UsageError(`topic '${topic}' has ${partitions} partitions, and no ${missing}`)
  let shown = 0
  let work = Promise.resolve()
  await new Promise<void>((resolve, reject) => {
    async function show (partition: number, records: readonly ConsumedRecord[]): Promise<void> {
      for (const record of records) {
        const message = await messageOf(broker, topic, partition, record)
        if (shown >= count || !JSON.stringify(message).includes(filter)) continue
        shown++
        writeLine(out, message)
      }
      if (shown >= count) resolve()
    }
    const options = { groupId: null, topics: [topic], ...reading, rebalanceTimeout: 60_000, sessionTimeout: 30_000 }
    const consumer = transport.consumer(options, {
      assigned: ignore,
      revoking: async () => {},
      lost: ignore,
      stored: ignore,
      reset: ignore,
      corrupt (_, partition, { offset, nextOffset }) {
        writeLine(out, { partition, offset: String(offset), damaged: true })
        // Behind a damage without an end nothing is found.
        if (nextOffset >= 0n) consumer.seek({ topic, partition, offset: nextOffset })
      },
      failed: (error, again) => { if (again === false) reject(error) },
      records (_, partition, records, offset) {
        work = work.then(() => show(partition, records))
        // It is kept in this process only: a partition that is added would let all of them begin again.
        consumer.commit([{ topic, partition, offset }]).catch(ignore)
      }
    })
    signal.addEventListener('abort', () => { resolve() })
    if (signal.aborted) resolve()
    consumer.start().catch(reject)
  })
}

/** Offsets and partitions of a group are none of its business. */
function ignore (): void {}

/** The message as a subscriber of the app would see it; without one, as its content type says. */
async function messageOf (broker: Broker, topic: string, partition: number, record: ConsumedRecord): Promise<object> {
  const { offset, timestamp, key, value: bytes } = record
  const place = { partition, offset: String(offset), timestamp: dateOf(timestamp), key: key && shownBytes(key) }
  const subscriber = broker.compiledSubscribers.find(({ declaration }) => broker.reads(declaration, topic))
  try {
    const all = decodeHeaders(record.headers)
    if (subscriber === undefined) return { ...place, headers: all, value: decodeValueOf(record) }
    const { rules } = subscriber
    const { signal } = new AbortController()
    const delivery = { topic, partition, record, signal }
    const { value, headers = all } = hasCodecs(rules) ? await decodeByRules(delivery, rules) : decode(record, rules)
    return { ...place, headers, value }
  } catch (thrown) {
    return { ...place, invalid: reasonOf(thrown), bytes: shownBytes(bytes) }
  }
}
