import { propagation } from '@opentelemetry/api'
import t, { type Test } from 'tap'
import { BatchError, type FaststreamOptions } from '../../../index.js'
import { build as buildBatchApp } from '../../support/batch-app.js'
import { collectSpans } from '../../support/otel.js'

type Fixture = Parameters<typeof buildBatchApp>[1] & { readonly plugin?: FaststreamOptions }

async function build (t: Test, { plugin, ...fixture }: Fixture = {}) {
  const collected = collectSpans(t)
  const options = { groupId: 'shop', otel: true, clientId: 'shop-1', ...plugin }
  const app = await buildBatchApp(t, { ...fixture, plugin: options })
  const processed = () => collected.spans().filter(({ name }) => name === 'process orders')
  return { ...app, ...collected, processed }
}

t.test('a batch is one span of a trace of its own, with a link to the publish of each message', async (t) => {
  const { publish, spans, processed } = await build(t)
  await publish('a', null, 'c')
  const sends = spans().filter(({ name }) => name === 'send orders')
  const [span, ...others] = processed()
  t.same(others, [])
  const { id, ...rest } = span!
  t.same(rest, {
    name: 'process orders',
    kind: 'CONSUMER',
    trace: 3,
    parent: undefined,
    links: ['send orders', 'send orders', 'send orders'],
    linkAttributes: sends.map(({ attributes }, i) => ({
      'messaging.kafka.offset': i,
      'messaging.message.conversation_id': attributes['messaging.message.conversation_id'],
      'messaging.kafka.message.key': `k${i}`,
      ...i === 1 && { 'messaging.kafka.message.tombstone': true }
    })),
    events: [],
    status: { code: 0 },
    attributes: {
      'messaging.system': 'kafka',
      'messaging.client.id': 'shop-1',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '0',
      'messaging.consumer.group.name': 'shop',
      'messaging.batch.message_count': 3,
      'faststream.attempt': 1,
      'faststream.outcome': 'settled'
    }
  })
  t.same(new Set(span!.linkAttributes.map((each) => each['messaging.message.conversation_id'])).size, 3)
})

t.test('results of a batch are children of its span', async (t) => {
  const { publish, spans } = await build(t, {
    declare: (app) => ({ publish: app.broker.publisher('invoices') }), take: (values) => values
  })
  await publish('a', 'b', 'c')
  const results = spans().filter(({ name }) => name === 'send invoices')
  t.same(results.map(({ parent }) => parent), Array(3).fill('process orders'))
})

t.test('a batch that is handled again links to its messages and to the failed attempt, once', async (t) => {
  const { publish, processed } = await build(t, {
    take: (_, __, call) => { if (call === 1) throw Object.assign(new Error('no stock'), { code: 'NO_STOCK' }) }
  })
  await publish('a', 'b', 'c')
  t.match(processed(), [
    {
      links: ['send orders', 'send orders', 'send orders'],
      status: { code: 2, message: 'no stock' },
      attributes: { 'faststream.attempt': 1, 'faststream.outcome': 'failed', 'error.type': 'NO_STOCK' }
    },
    {
      links: ['send orders', 'send orders', 'send orders', 'process orders'],
      status: { code: 0 },
      attributes: { 'faststream.attempt': 2, 'messaging.batch.message_count': 3 }
    }
  ])
  t.equal(processed()[1]?.links.length, 4)
})

t.test('what a failure leaves over is handled in spans of its own messages', async (t) => {
  const { publish, processed } = await build(t, {
    take: (values, _, call) => { if (call === 1) throw new BatchError(1) }
  })
  await publish('a', 'b', 'c')
  const counts = processed().map(({ attributes, links }) => [attributes['messaging.batch.message_count'], links.length])
  t.same(counts[0], [3, 3])
  t.same(counts.slice(1).map(([count]) => count).sort(), [1, 1])
})

t.test('messages without a context have no link', async (t) => {
  const { publish, processed } = await build(t, { size: 1 })
  propagation.disable()
  await publish('a')
  const [span] = processed()
  t.equal(span!.attributes['messaging.batch.message_count'], 1, 'also of one message')
  t.same(span!.links, [])
})
