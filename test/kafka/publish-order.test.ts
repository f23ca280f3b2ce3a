import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { type Middleware } from '../../index.js'
import { brokers, createTopic, readLog } from './fixture.js'

const CALLS = 3000
const KEYS = 20

t.test('under load, with middlewares that take their time, records are in the order of the calls', async (t) => {
  const topic = await createTopic({ partitions: 3 })
  // Each call takes another number of turns, so that later ones overtake earlier ones in the middlewares.
  const slow: Middleware = {
    async publishScope (next, command) {
      const turns = Number(command.value) * 7919 % 11
      for (let i = 0; i < turns; i++) await new Promise((resolve) => { setImmediate(resolve) })
      passed.push(Number(command.value))
      if (Number(command.value) % 97 === 0) throw new Error('refused')
      return await next(command)
    }
  }
  const passed: number[] = []
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: brokers(), topics: 'ignore' })
  app.broker.publisher(topic)
  const plain = app.broker
  const through = new Promise<typeof plain>((resolve) => {
    app.register(async (scope) => { scope.broker.addMiddleware(slow); resolve(scope.broker) })
  })
  await app.ready()
  const slowly = await through
  const calls = Array.from({ length: CALLS }, (_, value) => {
    const broker = value % 5 === 0 ? plain : slowly
    return broker.publish(topic, value, { key: `key ${value % KEYS}` }).then(() => value, () => undefined)
  })
  const stored = (await Promise.all(calls)).filter((value) => value !== undefined)
  t.ok(stored.length > CALLS * 0.98 && stored.length < CALLS)
  t.notSame(passed, [...passed].sort((a, b) => a - b), 'the middlewares did not end in the order of the calls')
  const log = (await readLog(topic)).map(({ partition, value }) => ({ partition, value: Number(String(value)) }))
  t.equal(log.length, stored.length)
  for (const partition of [0, 1, 2]) {
    const values = log.filter((record) => record.partition === partition).map(({ value }) => value)
    t.ok(values.length > 0)
    t.same(values, [...values].sort((a, b) => a - b), `partition ${partition}`)
  }
})
