import { testBroker } from 'fastify-faststream/testing'
import pg from 'pg'
import t from 'tap'
import { build as quickstart } from '../../examples/quickstart/app.js'
import { build as shop } from '../../examples/shop/app.js'
import { diagnostics } from '../support/asyncapi-rules.js'

t.test('the examples have a document without a fault', async (t) => {
  for (const app of [await quickstart({}, { groupId: 'shop' }), await shop({}, { groupId: 'shop' }, new pg.Pool())]) {
    t.teardown(() => app.close())
    await testBroker(app)
    const document = app.asyncapi()
    t.ok(Object.keys(document.operations).length > 3)
    t.same(await diagnostics(document), [])
  }
})
