import t from 'tap'
import type { Publisher, SubscriberWithoutHandler } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { gate, Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

/* What a broker does between onReady and the connection, and from the first step of its end to the last. */

const notReady = (state: string) => ({
  code: 'FASTSTREAM_ERR_NOT_READY', message: new RegExp(`^the broker is ${state}:`)
})

t.test('a declaration made before the connection works once it is there', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  let publisher: Publisher | undefined
  let subscriber: SubscriberWithoutHandler<unknown> | undefined
  useEnvironment(app, {
    createTransport: async () => {
      await t.rejects(app.broker.publish('orders', 1), notReady('starting'))
      publisher = app.broker.publisher('returns')
      subscriber = app.broker.subscriber('returns') as SubscriberWithoutHandler<unknown>
      await t.rejects(subscriber.start(), notReady('starting'))
      t.throws(() => { app.broker.options({ tags: ['late'] }) }, { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
      return createMemoryTransport({ cluster: createMemoryCluster() })
    }
  })
  await app.ready()
  await subscriber?.start()
  await publisher?.publish(1)
  t.match(await subscriber?.getOne(), { topic: 'returns', value: 1 })
})

t.test('while schemas are compiled nothing is declared', async (t) => {
  const app = await build(t)
  let asked = 0
  app.setValidatorCompiler(() => {
    asked++
    t.throws(() => app.broker.subscriber('late'), notReady('starting'))
    t.throws(() => app.broker.publisher('late'), notReady('starting'))
    return () => true
  })
  app.broker.publisher('orders', { schema: { value: {} } })
  await app.ready()
  t.equal(asked, 1)
})

t.test('the states of an end: connected while handlers end, closing until the cluster is let go, closed', async (t) => {
  const app = await build(t)
  const states: string[] = []
  const note = (step: string): void => { states.push(`${step}: ${app.broker.health().state}`) }
  app.broker.publisher('orders')
  app.broker.onStopping(async () => {
    note('stopping')
    await t.rejects(app.broker.subscriber('orders').start(), notReady('closing'))
  })
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return {
        ...transport,
        async close () {
          note('close')
          t.throws(() => app.broker.subscriber('orders'), notReady('closing'))
          t.throws(() => app.broker.publisher('returns'), notReady('closing'))
          await transport.close()
        }
      }
    }
  })
  await app.ready()
  await app.close()
  note('end')
  t.same(states, ['stopping: connected', 'close: closing', 'end: closed'])
  await t.rejects(app.broker.publish('orders', 1), notReady('closed'))
  t.throws(() => app.broker.subscriber('orders'), notReady('closed'))
})

t.test('an app that closes while it connects in the background stays closed', async (t) => {
  const app = await build(t, { startup: 'background' })
  const leaving = gate()
  useEnvironment(app, {
    createTransport: async () => ({
      ...createMemoryTransport({ cluster: createMemoryCluster() }),
      connect: () => leaving.opened,
      ping: async () => {},
      close: async () => { leaving.open() }
    })
  })
  await app.ready()
  t.equal(app.broker.health().state, 'connecting')
  t.equal(await app.broker.ping(), true, 'the cluster is asked')
  await app.close()
  await turn()
  t.equal(app.broker.health().state, 'closed')
  t.equal(app.broker.isStarted, false)
})

t.test('under test a message is retried at once, whatever its delay is', async (t) => {
  const app = await build(t, { retry: { retries: 1, delay: 60_000 } })
  const attempts: number[] = []
  app.broker.subscriber('orders', (_, { attempt }) => {
    attempts.push(attempt)
    if (attempt === 1) throw new Error('once')
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(attempts, [1, 2])
})

t.test('a topic that is looked for while the app closes is not created any more', async (t) => {
  const app = await build(t)
  const { opened, open } = gate()
  const [asked, created] = [new Inbox<string>(), new Inbox<string>()]
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return {
        ...transport,
        async describeTopics (topics) {
          for (const topic of topics) asked.add(topic)
          if (topics.length > 0) await opened
          return await transport.describeTopics(topics)
        },
        async createTopics (topics) {
          for (const { topic } of topics) created.add(topic)
          await transport.createTopics(topics)
        }
      }
    }
  })
  await app.ready()
  app.broker.publisher('late')
  const starting = t.rejects(app.broker.subscriber('orders', { deadLetter: false }).start(), notReady('closing'))
  const asking = t.rejects(app.broker.request('quotes', 1), notReady('closing'))
  t.same([...await asked.count(3)].sort(), ['late', 'orders', 'replies.fastify-faststream'])
  await app.close()
  open()
  await Promise.all([starting, asking])
  await turn()
  t.same(created.items, [])
})

t.test('the line of an end says how long it took', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, {}, { logger: { stream } })
  const clock = new ManualClock()
  useEnvironment(app, { clock })
  app.broker.onStopping(() => { clock.elapsed = () => clock.now() + 250 })
  await app.ready()
  await app.close()
  t.match(lines.filter(({ msg }) => msg === 'closed'), [{ broker: 'default', duration: 250 }])
})
