import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { build } from '../../examples/live-orders/app.js'

t.test('live orders: each client sees the orders that are placed from then on', async (t) => {
  const app = await build({}, { groupId: 'shop' })
  t.teardown(() => app.close())
  const url = await app.listen({ port: 0 })
  const place = async (id: string): Promise<void> => {
    const res = await app.inject({ method: 'POST', url: '/orders', payload: { id, total: 9 } })
    t.equal(res.statusCode, 202)
  }
  await place('before')
  const clients = [1, 2].map(async () => {
    const going = new AbortController()
    const { body } = await fetch(`${url}/orders/live`, { signal: going.signal })
    const chunks = body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
    t.match(await chunks.next(), { value: ': connected\n\n' })
    return { going, chunks }
  })
  const [first, second] = await Promise.all(clients)
  await place('1')
  for (const client of [first, second]) {
    t.match(await client!.chunks.next(), { value: 'data: {"id":"1","total":9}\n\n' })
  }
  t.equal(app.broker.health().subscribers.length, 2)
  first!.going.abort()
  while (app.broker.health().subscribers.length > 1) await setImmediate()
  await place('2')
  t.match(await second!.chunks.next(), { value: 'data: {"id":"2","total":9}\n\n' })
  await Promise.all([app.close(), second!.chunks.next().then(({ done }) => { t.equal(done, true) })])
})
