import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Admin, type IHeaders, type KafkaMessage, type RetryOptions, Kafka, logLevel } from 'kafkajs'
import t from 'tap'

/*
 * What tests on real Kafka need, with the app's plain kafkajs: nothing here depends on the code under test. All of it
 * works on the shared cluster, or on the one whose brokers are given. On the shared one, topics and groups whose names
 * start with a `uniqueName` are deleted when the file's tests have ended.
 */

const handedOut: string[] = []

/** The cluster that `npm run test:kafka` started, or the one that it was given. */
export function brokers (): readonly string[] {
  const list = process.env.KAFKA_BROKERS
  if (!list) {
    throw new Error('this test needs a Kafka: run it with `npm run test:kafka -- <file>`, or set KAFKA_BROKERS')
  }
  return list.split(',')
}

/** A name for a topic or a group that no other run has. */
export function uniqueName (prefix: string): string {
  const name = `${prefix}-${randomBytes(6).toString('hex')}`
  if (handedOut.push(name) === 1) t.teardown(cleanUp)
  return name
}

/** Creates a topic, and resolves with its name once it can be written and read. */
export async function createTopic (options: { partitions: number, prefix?: string }, on = brokers()): Promise<string> {
  const topic = uniqueName(options.prefix ?? 'topic')
  await withAdmin(async (admin) => {
    await admin.createTopics({
      topics: [{ topic, numPartitions: options.partitions, replicationFactor: -1 }], waitForLeaders: false
    })
    // Only the leaders' own answers tell: the metadata name a leader before it knows that it is one.
    await until(async () => (await admin.fetchTopicOffsets(topic)).length === options.partitions)
  }, on)
  return topic
}

export interface LogRecord extends Omit<KafkaMessage, 'offset' | 'attributes' | 'size'> {
  readonly partition: number
  readonly offset: bigint
}

/** Everything that a topic holds now, by partition and offset. */
export async function readLog (topic: string, from = brokers()): Promise<readonly LogRecord[]> {
  let records: LogRecord[] = []
  // Right after a failover, leaders and coordinators answer with errors for a while: begin again.
  await until(async () => {
    await untilAgreed(topic, from)
    records = await readOnce(topic, from)
    return true
  }, 40_000)
  return records.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset))
}

/**
 * A node that was frozen takes itself for the leader until it has caught up, and would tell where the log ended for it.
 * A node that does not answer has no say.
 */
async function untilAgreed (topic: string, on: readonly string[]): Promise<void> {
  if (on.length === 1) return
  await until(async () => {
    const views = await Promise.all(on.map((broker) => leaders(topic, broker).catch(() => undefined)))
    return new Set(views.filter((view) => view !== undefined)).size === 1
  })
}

async function leaders (topic: string, broker: string): Promise<string> {
  const { topics } = await withAdmin((admin) => admin.fetchTopicMetadata({ topics: [topic] }), [broker], { retries: 0 })
  return topics[0]!.partitions.map(({ partitionId, leader }) => `${partitionId}:${leader}`).sort().join()
}

async function readOnce (topic: string, from: readonly string[]): Promise<LogRecord[]> {
  const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic), from)
  const unread = new Map(ends.filter(({ low, high }) => low !== high).map(
    ({ partition, high }) => [partition, BigInt(high)]
  ))
  if (unread.size === 0) return []

  const records: LogRecord[] = []
  const consumer = client(from).consumer({ groupId: uniqueName('read-log'), maxWaitTimeInMs: 100 })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => { reject(payload.error) })
      consumer.run({
        autoCommit: false,
        async eachMessage ({ partition, message: { key, value, headers, timestamp, offset } }) {
          const record = { partition, offset: BigInt(offset), timestamp, key, value, headers: ownHeaders(headers) }
          records.push(record)
          if (record.offset + 1n >= (unread.get(partition) ?? 0n)) unread.delete(partition)
          if (unread.size === 0) resolve()
        }
      }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return records
}

/** KafkaJS takes what every object inherits (`constructor`, `__proto__`) for a first header of that name. */
function ownHeaders (headers: IHeaders = {}): IHeaders {
  return Object.fromEntries(Object.entries(headers).map(
    ([name, values]) => [name, Array.isArray(values) ? values.filter(isBytes) : values]
  ))
}

function isBytes (value: unknown): value is Buffer {
  return value === null || Buffer.isBuffer(value)
}

/** Asks until the answer is yes; an error is a no. */
export async function until (condition: () => Promise<boolean>, timeout = 20_000): Promise<void> {
  const deadline = Date.now() + timeout
  let reason: unknown
  while (Date.now() < deadline) {
    try {
      if (await condition()) return
    } catch (error) {
      reason = error
    }
    await wait(50)
  }
  throw new Error(`not so after ${timeout} ms: ${condition}`, { cause: reason })
}

export async function withAdmin<T> (
  use: (admin: Admin) => Promise<T>, on = brokers(), retry: RetryOptions = {}
): Promise<T> {
  const admin = client(on, retry).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

function client (brokers: readonly string[], retry: RetryOptions = {}): Kafka {
  return new Kafka({
    clientId: 'fixture', brokers: [...brokers], logLevel: logLevel.NOTHING, requestTimeout: 5000, retry
  })
}

async function cleanUp (): Promise<void> {
  if (!process.env.KAFKA_BROKERS) return
  const isOurs = (name: string) => handedOut.some((prefix) => name.startsWith(prefix))
  await withAdmin(async (admin) => {
    const topics = (await admin.listTopics()).filter(isOurs)
    if (topics.length > 0) await admin.deleteTopics({ topics })
    // A group can be deleted when its last member has left, or has been given up.
    await until(async () => {
      const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId).filter(isOurs)
      if (groups.length > 0) await admin.deleteGroups(groups)
      return true
    }, 30_000)
  })
}
