import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { Transport } from '../../lib/transport/transport.js'
import { FakeConsumer } from '../support/fake-consumer.js'
import { useEnvironment } from '../support/environment.js'
import { memoryLog } from '../support/json-log.js'

const never = (): Promise<void> => new Promise(() => {})

interface Member { readonly unreached?: Error, readonly start: () => Promise<void> }

/** An app with one subscriber for each group, whose consumers are as the test says. */
async function build (t: Test, groups: Record<string, Member>) {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'warn', stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { connectTimeout: 300 })
  useEnvironment(app, {
    createTransport: async () => {
      const consumer: Transport['consumer'] = ({ groupId }, listener) => Object.assign(
        new FakeConsumer(listener), groups[groupId as string]
      )
      return { ...createMemoryTransport({ cluster: createMemoryCluster() }), consumer }
    }
  })
  for (const groupId of Object.keys(groups)) app.broker.subscriber('orders', { groupId }, () => {})
  return { app, lines }
}

t.test('a group whose coordinator is not reached fails the start, and the error says why', async (t) => {
  const unreached = new Error("the coordinator of group 'b' is not reached: kafka:9092 takes no connection")
  const { app, lines } = await build(t, { a: { start: never }, b: { unreached, start: never } })
  await t.rejects(async () => await app.ready(), {
    code: 'FASTSTREAM_ERR_START_TIMEOUT',
    message: /joining groups: the coordinator of group 'b' is not reached: kafka:9092/,
    cause: unreached
  })
  t.same(lines, [], 'no word of members that died')
})

t.test('a group whose coordinator is reached waits for its other members, in the background', async (t) => {
  const { app, lines } = await build(t, { a: { start: never } })
  await app.ready()
  t.match(lines, [{ level: 40, msg: /members that died/ }])
})

t.test('a coordinator that is lost after its group was joined fails no start', async (t) => {
  const { app, lines } = await build(t, {
    a: { unreached: new Error('gone again'), start: async () => {} }, b: { start: never }
  })
  await app.ready()
  t.match(lines, [{ level: 40, msg: /members that died/ }])
})
