import { Kafka, logLevel, type KafkaMessage } from 'kafkajs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Commit, Letter, LogRecord } from './history.js'
import { fromCalendar } from './time.js'
import { digest, ID, type Headers } from './workload.js'

/*
 * What is in the cluster when all is over, read with the app's plain kafkajs: nothing here depends on the code under
 * test.
 */

const PATIENCE = 60_000

export async function readLog (brokers: readonly string[], topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  await readTopic(brokers, topic, (partition, { offset, key, value, headers }) => {
    records.push({
      partition, offset: Number(offset), id: text(headers?.[ID]) ?? '', digest: digest(key, value, ownHeaders(headers))
    })
  })
  return records
}

export async function readLetters (brokers: readonly string[], topic: string): Promise<Letter[]> {
  const letters: Letter[] = []
  await readTopic(brokers, topic, (_, { key, value, headers, timestamp }) => {
    letters.push({
      id: text(headers?.[ID]) ?? '',
      partition: Number(text(headers?.['x-dlq-partition'])),
      offset: Number(text(headers?.['x-dlq-offset'])),
      digest: digest(key, value, ownHeaders(headers)),
      at: fromCalendar(Number(timestamp))
    })
  })
  return letters
}

/**
 * Every commit that the group made, in the order of the coordinator's own log: asking it now and then would miss some,
 * and a node that was frozen may answer with old ones.
 */
export async function readCommits (brokers: readonly string[], group: string, topic: string): Promise<Commit[]> {
  const commits: Commit[] = []
  await readTopic(brokers, '__consumer_offsets', (_, { key, value }) => {
    if (key === null || value === null) return
    const commit = parseCommit(key, value)
    if (commit?.group === group && commit.topic === topic) commits.push(commit)
  })
  return commits
}

/** Kafka's OffsetCommitKey 0–1 and OffsetCommitValue 0–4, as far as they matter here. */
function parseCommit (key: Buffer, value: Buffer): Commit & {
  readonly group: string, readonly topic: string
} | undefined {
  if (key.readInt16BE(0) > 1) return undefined
  const group = shortString(key, 2)
  const topic = shortString(key, group.end)
  const version = value.readInt16BE(0)
  // From version 3 on there is the leader's epoch before the metadata, whose length is one byte from version 4 on:
  // there are hardly any.
  const start = version >= 3 ? 14 : 10
  const end = version >= 4 ? start + value.readUInt8(start) : shortString(value, start).end
  return {
    group: group.text,
    topic: topic.text,
    partition: key.readInt32BE(topic.end),
    offset: Number(value.readBigInt64BE(2)),
    at: fromCalendar(Number(value.readBigInt64BE(end)))
  }
}

function shortString (from: Buffer, position: number): { readonly text: string, readonly end: number } {
  const start = position + 2
  const end = start + from.readInt16BE(position)
  return { text: from.toString('utf8', start, end), end }
}

async function readTopic (
  brokers: readonly string[], topic: string, take: (partition: number, message: KafkaMessage) => void
): Promise<void> {
  const kafka = new Kafka({
    clientId: 'reader', brokers: [...brokers], logLevel: logLevel.NOTHING, requestTimeout: 10_000
  })
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const unread = new Map(ends.filter(({ low, high }) => low !== high).map(
    ({ partition, high }) => [partition, Number(high)]
  ))
  if (unread.size === 0) return

  const consumer = kafka.consumer({ groupId: `reader-${topic}`, maxWaitTimeInMs: 200, sessionTimeout: 60_000 })
  const abandoned = new AbortController()
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      let contact = Date.now()
      watch(() => Date.now() - contact > PATIENCE, abandoned.signal).then((late) => {
        if (late) reject(new Error(`${topic} cannot be read to its end: partitions ${[...unread.keys()]}`))
      })
      consumer.on(consumer.events.CRASH, ({ payload }) => { reject(payload.error) })
      consumer.run({
        autoCommit: false,
        async eachMessage ({ partition, message }) {
          contact = Date.now()
          const end = unread.get(partition)
          if (end === undefined) return
          take(partition, message)
          if (Number(message.offset) + 1 >= end) unread.delete(partition)
          if (unread.size === 0) resolve()
        }
      }).catch(reject)
    })
  } finally {
    abandoned.abort()
    await consumer.disconnect()
  }
}

async function watch (condition: () => boolean, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (condition()) return true
    await sleep(500, undefined, { ref: false })
  }
  return false
}

/** Without those that tell of a failure. */
function ownHeaders (headers: KafkaMessage['headers'] = {}): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-dlq-'))) as Headers
}

function text (header: NonNullable<KafkaMessage['headers']>[string]): string | undefined {
  const last = [header].flat().at(-1)
  return last === undefined ? undefined : String(last)
}
