import t from 'tap'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { eventually } from './eventually.js'
import type { World } from './world.js'

const reply = Type.Object({ from: Type.String(), value: Type.Unknown() })
const PATIENCE = { timeout: 60_000 }

interface Answer { readonly from: string, readonly value: string }

/** Requests, and processes that come and go on both sides. */
export function requests (world: World): void {
  t.test(`${world.name}: requests and replies`, async (t) => {
    const replies = world.unique('replies')
    const options = { replies: { topic: replies, allowed: replies }, topicConfig: { partitions: 1 } }

    /** A process that answers the requests of a topic. */
    async function answering (t: Test, topic: string, name = 'one'): Promise<FastifyInstance> {
      const app = await world.app(t, { ...options, groupId: `${topic}-group`, retry: { retries: 0 } })
      app.broker.subscriber(topic, { schema: { reply } }, async (value) => {
        if (value === 'fail') throw Object.assign(new Error('secret'), { code: 'OUT_OF_STOCK' })
        return { from: name, value }
      })
      await app.ready()
      return app
    }

    /** A process that asks. */
    async function asking (t: Test): Promise<FastifyInstance> {
      const app = await world.app(t, { ...options, groupId: null })
      await app.ready()
      return app
    }

    t.test('processes that share a partition of replies get their own, and the code of an error', async (t) => {
      const topic = await world.createTopic(2)
      await answering(t, topic)
      const [one, other] = [await asking(t), await asking(t)]
      const asked = [one, other].flatMap((app, at) => [1, 2, 3].map(async (i) => {
        const value = `${at} ${i}`
        t.match(await app.broker.request(topic, value, PATIENCE), { from: 'one', value })
      }))
      await Promise.all(asked)
      await t.rejects(one.broker.request(topic, 'fail', PATIENCE), {
        code: 'FASTSTREAM_ERR_REQUEST_REFUSED', remoteCode: 'OUT_OF_STOCK'
      })
      t.equal(await world.partitions(replies), 1, 'the reply topic was created')
      for (const app of [one, other]) t.same(app.broker.health().requests, { open: 0, late: 0 })
    })

    t.test('a request before ready() waits, and replies of an earlier process are not read', async (t) => {
      const topic = await world.createTopic(1)
      await answering(t, topic)
      const early = await world.app(t, { ...options, groupId: null })
      const asked = early.broker.request(topic, 1, PATIENCE)
      await early.ready()
      t.match(await asked, { value: 1 })
      const before = (await world.read(replies)).length
      t.match(await early.broker.request(topic, 2, PATIENCE), { value: 2 })
      await eventually(async () => (await world.read(replies)).length > before)
    })

    t.test('a reply that comes too late is dropped and counted', async (t) => {
      const topic = await world.createTopic(1)
      const app = await asking(t)
      await t.rejects(app.broker.request(topic, 1, { timeout: 4000 }), { code: 'FASTSTREAM_ERR_REQUEST_TIMEOUT' })
      await answering(t, topic)
      await eventually(async () => app.broker.health().requests.late === 1)
      t.match(await app.broker.request(topic, 2, PATIENCE), { value: 2 })
    })

    t.test('only allowed topics are answered, and what names another one is handled', async (t) => {
      const topic = await world.createTopic(1)
      const other = await world.createTopic(1)
      const app = await answering(t, topic)
      const { broker } = await asking(t)
      await broker.publish(topic, 1, { headers: { reply_to: other } })
      await broker.publish(topic, 2, { headers: { reply_to: world.unique('nowhere') } })
      t.match(await broker.request(topic, 3, PATIENCE), { value: 3 }, 'nothing is held up')
      t.same(await world.read(other), [])
      t.equal(app.broker.health().subscribers[0]?.lastError, undefined)
    })

    t.test('processes that answer come and go under load: no request is lost or times out', async (t) => {
      const topic = await world.createTopic(8)
      const { broker } = await asking(t)
      const apps = [await answering(t, topic, '0')]
      await broker.request(topic, 'first', PATIENCE)
      const seen = new Set<string>()
      const load = new AbortController()
      let answered = 0
      const asked = Promise.all(Array.from({ length: 20 }, async (_, client) => {
        for (let i = 0; !load.signal.aborted; i++) {
          const value = `${client} ${i}`
          const reply = await broker.request(topic, value, { ...PATIENCE, key: value }) as Answer
          if (reply.value !== value) throw new Error(`${value} was answered with ${reply.value}`)
          seen.add(reply.from)
          answered++
        }
      }))
      for (let name = 1; name < 8; name++) apps.push(await answering(t, topic, String(name)))
      await eventually(async () => seen.size === 8)
      for (const app of apps.splice(2)) await app.close()
      seen.clear()
      await eventually(async () => seen.size === 2)
      load.abort()
      await asked
      t.ok(answered > 100, `${answered} requests`)
      t.equal(broker.health().requests.open, 0)
    })
  })
}
