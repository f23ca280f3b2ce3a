import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { KafkaRouter } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { brokers, readLog, uniqueName, withAdmin } from './fixture.js'

t.test('topics of routers and scopes are created with their prefixes, read, written and committed', async (t) => {
  const [name, groupId] = [uniqueName('routers'), uniqueName('g')]
  const router = new KafkaRouter({ prefix: 'orders.', retry: { retries: 0 } })
  const inbox = new Inbox<string>()
  const packed = router.publisher('packed')
  router.subscriber('placed', { publish: packed }, async function pack (value, { topic }) {
    inbox.add(topic)
    if (value === 'bad') throw new Error('bad')
    return value
  })
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: brokers(), groupId, topicPrefix: `${name}.` })
  for (const region of ['eu', 'us']) {
    app.register(async (scope) => { scope.broker.includeRouter(router) }, { topicPrefix: `${region}.` })
  }
  await app.ready()
  const topics = await withAdmin((admin) => admin.listTopics())
  t.same(topics.filter((topic) => topic.startsWith(name)).sort(), ['eu', 'us'].flatMap((region) => {
    return ['packed', 'placed', 'placed.dlq'].map((topic) => `${name}.${region}.orders.${topic}`)
  }))
  await app.broker.publish(`${name}.eu.orders.placed`, 'good')
  await app.broker.publish(`${name}.us.orders.placed`, 'bad')
  t.same([...await inbox.count(2)].sort(), ['eu', 'us'].map((region) => `${name}.${region}.orders.placed`))
  await app.close()
  t.match(await readLog(`${name}.eu.orders.packed`), [{ value: Buffer.from('good') }])
  t.match(await readLog(`${name}.us.orders.placed.dlq`), [{ value: Buffer.from('bad') }])
  t.same(await readLog(`${name}.us.orders.packed`), [])
  const [offsets] = await withAdmin((admin) => admin.fetchOffsets({ groupId, topics: [`${name}.us.orders.placed`] }))
  t.ok(offsets?.partitions.some(({ offset }) => offset === '1'))
})
