import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Admin, Kafka, type RetryOptions, logLevel } from 'kafkajs'
import t from 'tap'

/*
 * What tests on real Kafka need, with the app's plain kafkajs: nothing here depends on the code under test. All of it works on
 * the shared cluster, or on the one whose brokers are given. On the shared one, topics and groups whose names start with a
 * `uniqueName` are deleted when the file's tests have ended.
 */

export { type LogRecord, readLog } from './read-log.js'

const handedOut: string[] = []

/** The cluster that `npm run test:kafka` started, or the one that it was given. */
export function brokers (): readonly string[] {
  const list = process.env.KAFKA_BROKERS
  if (!list) throw new Error('this test needs a Kafka: run it with `npm run test:kafka -- <file>`, or set KAFKA_BROKERS')
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
    await admin.createTopics({ topics: [{ topic, numPartitions: options.partitions, replicationFactor: -1 }], waitForLeaders: false })
    // Only the leaders' own answers tell: the metadata name a leader before it knows that it is one.
    await until(async () => (await admin.fetchTopicOffsets(topic)).length === options.partitions)
  }, on)
  return topic
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

export async function withAdmin<T> (use: (admin: Admin) => Promise<T>, on = brokers(), retry: RetryOptions = {}): Promise<T> {
  const admin = client(on, retry).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

export function client (brokers: readonly string[], retry: RetryOptions = {}): Kafka {
  return new Kafka({ clientId: 'fixture', brokers: [...brokers], logLevel: logLevel.NOTHING, requestTimeout: 5000, retry })
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
