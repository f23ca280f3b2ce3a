import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { Inbox } from '../support/inbox.js'
import { brokers, createTopic, uniqueName, withAdmin } from './fixture.js'

/* An app under `fastify start --watch`: a reload and a signal leave no member in the group. */

/** ms; the default of the option. */
const SESSION_TIMEOUT = 30_000

type Said = { readonly type: 'ready' } | { readonly type: 'read', readonly value: unknown, readonly ms: number }

async function start (t: Test, groupId: string, topic: string) {
  const child = fork('test/kafka/reload-child.js', [brokers().join(), groupId, topic])
  t.teardown(() => { child.kill('SIGKILL') })
  const said = new Inbox<Said>()
  child.on('message', (message) => { said.add(message as Said) })
  await said.until((items) => items.some(({ type }) => type === 'ready'))
  const read = async (value: string) => {
    const items = await said.until((items) => items.some((item) => item.type === 'read' && item.value === value))
    return items.flatMap((item) => item.type === 'read' && item.value === value ? [item.ms] : [])
  }
  return { child, read }
}

async function send (topic: string, value: string): Promise<void> {
  const producer = new Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner
  })
  await producer.connect()
  await producer.send({ topic, messages: [{ value: JSON.stringify(value) }] })
  await producer.disconnect()
}

async function membersOf (groupId: string): Promise<number> {
  const { groups: [group] } = await withAdmin((admin) => admin.describeGroups([groupId]))
  return group?.members.length ?? 0
}

for (const [name, end] of [
  ['a reload', (child: ChildProcess) => { child.send('GRACEFUL SHUTDOWN') }],
  ['SIGTERM', (child: ChildProcess) => { child.kill('SIGTERM') }],
  ['SIGINT', (child: ChildProcess) => { child.kill('SIGINT') }]
] as const) {
  t.test(`after ${name} no member stays in the group, for which the next start would wait`, async (t) => {
    const [topic, groupId] = [await createTopic({ partitions: 2 }), uniqueName('reload')]
    const first = await start(t, groupId, topic)
    await send(topic, 'before')
    await first.read('before')
    t.equal(await membersOf(groupId), 1)
    const exited = once(first.child, 'exit')
    end(first.child)
    t.same(await exited, [0, null])
    t.equal(await membersOf(groupId), 0)
    await send(topic, 'between')
    const next = await start(t, groupId, topic)
    const [ms] = await next.read('between')
    // What a busy machine needs is no fault of the client: a stale member costs more than half of its session.
    t.ok(Number(ms) < SESSION_TIMEOUT / 2, `read ${ms} ms after it was ready`)
  })
}
