import t from 'tap'
import Fastify from 'fastify'
import { RecordMetadata } from '../../lib/produce/record-metadata.js'

t.test('where a record is can be read member by member, copied and compared', async (t) => {
  const metadata = new RecordMetadata('orders', 1, 2n ** 60n)
  t.same(metadata, { topic: 'orders', partition: 1, offset: 2n ** 60n })
  t.same(Object.keys({ ...metadata }), ['topic', 'partition', 'offset'])
})

t.test('as JSON its offset is text, with and without a response schema', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const metadata = new RecordMetadata('orders', 1, 2n ** 60n)
  app.get('/plain', async () => metadata)
  app.get('/nested', async () => ({ records: [metadata] }))
  const schema = {
    response: { 200: { type: 'object', properties: { partition: { type: 'integer' }, offset: { type: 'string' } } } }
  }
  app.get('/schema', { schema }, async () => metadata)
  t.same((await app.inject('/plain')).json(), { topic: 'orders', partition: 1, offset: '1152921504606846976' })
  t.same((await app.inject('/nested')).json(), {
    records: [{ topic: 'orders', partition: 1, offset: '1152921504606846976' }]
  })
  t.same((await app.inject('/schema')).json(), { partition: 1, offset: '1152921504606846976' })
})
