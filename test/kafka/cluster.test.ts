import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import t from 'tap'
import { Kafka, logLevel } from 'kafkajs'
import { startCluster } from '../../tools/kafka/cluster.js'
import { createTopic, readLog, until } from './fixture.js'

t.test('a cluster of three loses nothing when a node is killed and comes up again', async (t) => {
  const cluster = await startCluster({ nodes: 3 })
  t.teardown(() => cluster.stop())
  const topic = await createTopic({ partitions: 3 }, cluster.brokers)
  const producer = new Kafka({
    brokers: [...cluster.brokers], logLevel: logLevel.NOTHING, retry: { retries: 100, maxRetryTime: 300 }
  }).producer()
  t.teardown(() => producer.disconnect())
  await producer.connect()

  await cluster.kill(0)
  t.equal(cluster.pid(0), undefined)
  await producer.send({ topic, messages: [0, 1, 2].map((partition) => ({ partition, value: 'two nodes are left' })) })
  await cluster.up(0)
  t.match(
    (await readLog(topic, cluster.brokers)).map(({ partition, offset }) => [partition, offset]),
    [[0, 0n], [1, 0n], [2, 0n]]
  )
})

t.test('a frozen node goes on when it is thawed', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  t.teardown(() => cluster.stop())
  cluster.freeze(0)
  // A process of many threads stops a moment after the signal.
  await until(async () => state(cluster.pid(0)!).startsWith('T'))
  cluster.thaw(0)
  t.same(await readLog(await createTopic({ partitions: 1 }, cluster.brokers), cluster.brokers), [])
})

t.test('a stopped cluster leaves no process and no data behind', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  const pid = cluster.pid(0)!
  cluster.freeze(0)
  await cluster.stop()
  await cluster.stop()
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  t.notOk(existsSync(cluster.directory))
  await t.rejects(cluster.kill(0), { message: 'node 0 does not run' })
})

function state (pid: number): string {
  return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
}
