import Fastify from 'fastify'
import t from 'tap'
import faststreamPlugin from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

const schema = { value: { type: 'array', items: { type: 'object' }, uniqueItems: true } } as const

t.test('a value whose comparison throws is not valid, neither published nor handled', async (t) => {
  for (const name of ['toString', 'valueOf']) {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(faststreamPlugin, { groupId: 'shop' })
    const lists = app.broker.publisher('lists', { schema })
    app.broker.publisher('unchecked')
    let handled = 0
    app.broker.subscriber('unchecked', { schema }, async () => { handled++ })
    const broker = await testBroker(app)
    const value = JSON.parse(`[{ "${name}": 1 }, { "${name}": 2 }]`)
    await t.rejects(app.broker.publish(lists, value), {
      code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: new RegExp(`${name} is not a function`), validationContext: 'value'
    })
    const session = await broker.track(() => app.broker.publish('unchecked', value))
    t.match(session.deadLettered(), [{ topic: 'unchecked' }])
    t.equal(handled, 0, name)
  }
})
