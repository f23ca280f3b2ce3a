import t from 'tap'
import { SharedAttributes } from '../../../lib/observe/otel/shared-attributes.js'

const FACTS = { clientId: 'shop', brokers: ['kafka:9092'], clusterId: undefined }
const ORDERS = { topic: 'orders', partition: 0, groupId: 'shop' }

t.test('attributes are made once for all messages of a partition, and of a topic', async (t) => {
  const attributes = new SharedAttributes(FACTS)
  const ofOrders = attributes.ofProcess(ORDERS)
  t.equal(attributes.ofProcess({ ...ORDERS }), ofOrders)
  t.match(ofOrders, {
    'messaging.destination.name': 'orders',
    'messaging.destination.partition.id': '0',
    'messaging.consumer.group.name': 'shop',
    'messaging.client.id': 'shop',
    'server.port': 9092
  })
  const others = [{ ...ORDERS, partition: 1 }, { ...ORDERS, topic: 'bills' }, { ...ORDERS, groupId: null }]
  t.equal(new Set([ofOrders, ...others.map((other) => attributes.ofProcess(other))]).size, 4)
  t.notOk('messaging.consumer.group.name' in attributes.ofProcess({ ...ORDERS, groupId: null }))
  t.equal(attributes.ofSend({ topic: 'orders' }), attributes.ofSend({ topic: 'orders' }))
  t.match(attributes.ofSend({ topic: 'bills' }), { 'messaging.destination.name': 'bills' })
})

t.test('attributes of any number of topics take a bounded memory', async (t) => {
  const attributes = new SharedAttributes(FACTS)
  const first = attributes.ofSend({ topic: 'topic-0' })
  for (let i = 1; i < 1000; i++) attributes.ofSend({ topic: `topic-${i}` })
  t.equal(attributes.ofSend({ topic: 'topic-0' }), first)
  attributes.ofSend({ topic: 'topic-1000' })
  t.not(attributes.ofSend({ topic: 'topic-0' }), first)

  const read = attributes.ofProcess({ ...ORDERS, topic: 'topic-0' })
  for (let i = 1; i < 1000; i++) attributes.ofProcess({ ...ORDERS, topic: `topic-${i}` })
  t.equal(attributes.ofProcess({ ...ORDERS, topic: 'topic-0' }), read)
  attributes.ofProcess({ ...ORDERS, topic: 'topic-1000' })
  t.not(attributes.ofProcess({ ...ORDERS, topic: 'topic-0' }), read)
})

t.test('the id of the cluster is in the attributes from then on when it is known', async (t) => {
  const facts = { ...FACTS, clusterId: undefined as string | undefined }
  const attributes = new SharedAttributes(facts)
  t.notOk('messaging.kafka.cluster.id' in attributes.ofProcess(ORDERS))
  t.notOk('messaging.kafka.cluster.id' in attributes.ofSend(ORDERS))
  facts.clusterId = 'abc'
  t.match(attributes.ofProcess(ORDERS), { 'messaging.kafka.cluster.id': 'abc' })
  t.match(attributes.ofSend(ORDERS), { 'messaging.kafka.cluster.id': 'abc' })
})
