import t from 'tap'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { Transport } from '../../lib/transport/transport.js'
import { Inbox, gate } from '../support/inbox.js'
import { ManualClock } from '../support/manual-clock.js'
import { memoryLog } from '../support/json-log.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

t.test('an app that is closed while its topics are prepared joins nothing', async (t) => {
  const app = await build(t)
  const { opened, open } = gate()
  const asked = gate()
  const called: string[] = []
  useEnvironment(app, {
    createTransport: async () => ({
      name: 'slow',
      connect: async () => {},
      describeTopics: async () => { asked.open(); await opened; return new Map() },
      createTopics: async () => {},
      producer: () => { called.push('producer') },
      close: async () => { called.push('close') }
    }) as unknown as Transport
  })
  const ready = app.ready().then(() => undefined, (error) => error)
  await asked.opened
  const [broker] = brokersOf(app).byName.values()
  await broker?.close()
  open()
  t.match(await ready, { code: 'FASTSTREAM_ERR_NOT_READY', message: /the broker is closed/ })
  t.same(called, ['close'])
})

t.test('what is published when the app closes is sent, or reported', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, {}, { logger: { level: 'info', stream } })
  app.broker.publisher('events')
  const { opened, open } = gate()
  const clock = new ManualClock()
  useEnvironment(app, {
    clock,
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return {
        ...transport,
        producer: () => ({
          partitionCount: () => 1, send: async () => { await opened; return [0n] }, close: async () => {}
        })
      }
    }
  })
  await app.ready()
  const published = app.broker.publish('events', 1)
  const closed = app.close()
  const rejected = t.rejects(published, { code: 'FASTSTREAM_ERR_NOT_READY', outcome: 'unknown' })
  await clock.advance(5000)
  await closed
  await rejected
  open()
  t.match(lines.filter(({ msg }) => msg.startsWith('closing')), [{ unpublished: 1 }])
  t.match(lines.filter(({ level }) => level >= 50), [
    { msg: 'messages that were published could not be sent before the app closed', messages: 1 }
  ])
})

t.test('close may come twice, before ready and while it starts', async (t) => {
  const twice = await build(t)
  await twice.ready()
  await Promise.all([twice.close(), twice.close()])

  const never = await build(t)
  await never.close()

  const starting = await build(t, { brokers: ['127.0.0.1:1'], groupId: 'g' })
  starting.broker.subscriber('orders', () => {})
  const ready = starting.ready().then(() => undefined, (error) => error)
  await starting.close()
  await ready
  await t.rejects(starting.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_NOT_READY' })
})

t.test('close lets the handler that runs end, while HTTP can still publish', async (t) => {
  const app = await build(t)
  const { opened, open } = gate()
  const inbox = new Inbox<string>()
  app.broker.publisher('events')
  app.broker.subscriber('orders', async (_, { broker }) => {
    inbox.add('start')
    await opened
    await broker.publish('events', 1)
    inbox.add('end')
  })
  await app.ready()
  await app.broker.publish('orders', 1)
  await inbox.count(1)
  const closed = app.close()
  open()
  await closed
  t.same(inbox.items, ['start', 'end'])
})
