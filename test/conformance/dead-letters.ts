import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { DeadLetterQuery, FaststreamOptions } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

const NO_RETRY = { retry: { retries: 0 }, breaker: false } as const satisfies FaststreamOptions

/** An app whose subscriber fails for each value while a test says so. */
async function failingApp (world: World, t: Test, topic: string, options: FaststreamOptions = {}) {
  const app = await world.app(t, { groupId: world.unique('g'), ...NO_RETRY, ...options })
  const handled = new Inbox<readonly [value: unknown, key: string, headers: unknown]>()
  const fault = { isThere: true }
  app.broker.subscriber(topic, function take (value, { key, headers }) {
    if (fault.isThere) throw Object.assign(new Error('no luck'), { code: 'E_LUCK' })
    handled.add([value, String(key), headers])
  })
  await app.ready()
  return { app, handled, fault }
}

async function lettersOf (app: FastifyInstance, query: DeadLetterQuery = {}) {
  const { letters } = await app.broker.deadLetters.list(query)
  return letters
}

async function untilLetters (app: FastifyInstance, count: number): Promise<void> {
  await eventually(async () => (await lettersOf(app, { state: 'all', limit: 1000 })).length >= count)
}

/** Dead letters as a resource. */
export function deadLetters (world: World): void {
  t.test(`${world.name}: dead letters`, async (t) => {
    t.test('letters are listed page by page, without a group, and each is shown with all of it', async (t) => {
      const topic = await world.createTopic(2)
      const { app } = await failingApp(world, t, topic)
      t.same(await app.broker.deadLetters.list(), { letters: [], next: undefined })
      for (let i = 0; i < 7; i++) await app.broker.publish(topic, `v${i}`, { key: `k${i}`, headers: { tenant: 'a' } })
      await untilLetters(app, 7)
      const seen: string[] = []
      for (let after: string | undefined; ;) {
        const { letters, next } = await app.broker.deadLetters.list({ limit: 3, after })
        t.ok(letters.length <= 3)
        seen.push(...letters.map(({ partition, offset, rawValue }) => `${partition}:${offset} ${rawValue}`))
        if ((after = next) === undefined) break
      }
      t.equal(new Set(seen).size, 7)
      t.same(seen, seen.toSorted((a, b) => a < b ? -1 : 1), 'by partition and offset')
      const [letter] = await lettersOf(app, { key: 'k3', topic, code: 'E_LUCK', error: 'Error', subscriber: 'take' })
      t.match(letter, { topic: `${topic}.dlq`, state: 'open', dialect: 'faststream', trips: 0, damaged: false })
      t.match(letter?.deadLetter, { topic, stage: 'retries-exhausted', error: { code: 'E_LUCK' } })
      const details = await app.broker.deadLetters.show(letter!)
      t.same(details.rawValue, Buffer.from('v3'))
      t.same(details.verdict, { valid: true, violation: undefined })
      const header = details.messageHeaders.find(([name]) => name === 'tenant')
      t.same(header, ['tenant', Buffer.from('a')])
      t.notOk(details.messageHeaders.some(([name]) => name.startsWith('x-dlq-')))
      t.same(await lettersOf(app, { code: 'E_OTHER' }), [])
      const place = { topic: `${topic}.dlq`, partition: 0, offset: 99n }
      await t.rejects(app.broker.deadLetters.show(place), { code: 'FASTSTREAM_ERR_NO_DEAD_LETTER', statusCode: 404 })
    })

    t.test('what a redrive publishes is for the group that failed, byte for byte, and is redriven once', async (t) => {
      const topic = await world.createTopic(1)
      const { app, handled, fault } = await failingApp(world, t, topic)
      const others: unknown[] = []
      const other = await world.app(t, { groupId: world.unique('g') })
      const last = new Inbox<unknown>()
      other.broker.subscriber(topic, (value) => {
        others.push(value)
        if (value === 'last') last.add(value)
      })
      await other.ready()
      const bytes = Buffer.from([0, 255, 1])
      await app.broker.publish(topic, 'v', { key: 'k', headers: { many: ['a', bytes, null] } })
      await untilLetters(app, 1)
      await eventually(async () => others.length === 1)
      fault.isThere = false
      const { deadLetters } = app.broker
      const dry = await deadLetters.redrive({ dryRun: true })
      t.match(dry, { dryRun: true, redriven: 1, refused: [], verdicts: [{ valid: true }] })
      t.match(await deadLetters.redrive({ topic }), { redriven: 1, refused: [], stopped: false })
      await handled.count(1)
      t.match(await deadLetters.redrive({ topic }), { redriven: 0 }, 'it is redriven already')
      t.same(await lettersOf(app), [])
      t.match(await lettersOf(app, { state: 'done' }), [{ state: 'done' }])
      await app.broker.publish(topic, 'last')
      await last.count(1)
      t.same(others, ['v', 'last'], 'the other group skips it')
      const [first, again] = await world.read(topic)
      t.same(again?.value, first?.value)
      t.same(again?.key, first?.key)
      for (const [name, values] of Object.entries(first?.headers ?? {})) t.same(again?.headers[name], values, name)
      t.match(await deadLetters.redrive({ force: true }), { redriven: 1 })
      await handled.count(3)
    })

    t.test('trips are counted, stop at three, and add no header; the first origin stays', async (t) => {
      const topic = await world.createTopic(1)
      const { app } = await failingApp(world, t, topic)
      await app.broker.publish(topic, 'v', { key: 'k' })
      const sizes: number[] = []
      for (let trip = 0; trip <= 3; trip++) {
        await untilLetters(app, trip + 1)
        const [letter] = await lettersOf(app)
        t.match(letter, { trips: trip, deadLetter: { topic, partition: 0, offset: 0n, trips: trip } })
        sizes.push(letter!.rawHeaders.length)
        const report = await app.broker.deadLetters.redrive()
        if (trip < 3) t.match(report, { redriven: 1, refused: [] })
        else t.match(report, { redriven: 0, refused: [{ reason: 'trips' }] })
      }
      t.same(sizes.slice(1), [sizes[1], sizes[1], sizes[1]])
      t.equal(sizes[1], sizes[0]! + 1, 'that of the trips')
    })

    t.test('discarded letters are not listed and not redriven', async (t) => {
      const topic = await world.createTopic(1)
      const { app, handled, fault } = await failingApp(world, t, topic)
      for (const value of ['a', 'b', 'c']) await app.broker.publish(topic, value, { key: 'k' })
      await untilLetters(app, 3)
      const [, second] = await lettersOf(app)
      const { deadLetters } = app.broker
      t.same(await deadLetters.discard({ letters: [second!], reason: 'a test' }), { discarded: 1 })
      t.same(await deadLetters.discard({ letters: [second!], reason: 'a test' }), { discarded: 0 })
      t.equal((await lettersOf(app)).length, 2)
      fault.isThere = false
      t.match(await deadLetters.redrive(), { redriven: 2 })
      await handled.count(2)
      t.same(handled.items.map(([value]) => value), ['a', 'c'])
    })

    t.test('letters of one key keep their order, or are refused', async (t) => {
      const topic = await world.createTopic(1)
      const { app, handled, fault } = await failingApp(world, t, topic)
      for (const [value, key] of [['1', 'a'], ['2', 'b'], ['3', 'a']] as const) {
        await app.broker.publish(topic, value, { key })
      }
      await untilLetters(app, 3)
      fault.isThere = false
      const third = (await lettersOf(app)).find(({ rawValue }) => String(rawValue) === '3')
      const { deadLetters } = app.broker
      t.match(await deadLetters.redrive({ letters: [third!] }), { redriven: 0, refused: [{ reason: 'order' }] })
      t.match(await deadLetters.redrive(), { redriven: 3 })
      await handled.count(3)
      t.same(handled.items.filter(([, key]) => key === 'a').map(([value]) => value), ['1', '3'])
    })
  })
}
