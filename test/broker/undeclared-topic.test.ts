import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { type InheritedOptions } from '../../index.js'
import { notAuthorized, type Right } from '../../lib/missing-rights.js'
import { createMemoryCluster, createMemoryTransport, type MemoryCluster } from '../../lib/transport/memory/index.js'
import type { TransportProducer } from '../../lib/transport/transport.js'
import { eventually } from '../conformance/eventually.js'
import { useEnvironment } from '../support/environment.js'
import { Inbox } from '../support/inbox.js'

/* A handler takes the name of a topic from its message, and the cluster refuses it. */

interface Shop {
  readonly app: FastifyInstance
  readonly cluster: MemoryCluster
  readonly handled: Inbox<string>
}

/** An app whose handler publishes where its message says, on a cluster that refuses it these rights. */
async function shop (t: Test, missing: readonly Right[], options: InheritedOptions = {}): Promise<Shop> {
  const app = Fastify()
  t.teardown(() => app.close())
  const cluster = createMemoryCluster()
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster })
      return { ...transport, producer: () => refusing(transport.producer(), missing) }
    }
  })
  await app.register(faststreamPlugin, { groupId: 'shop', retry: { retries: 1, delay: 1 } })
  await app.register(faststreamPlugin, { groupId: 'shop', name: 'billing' })
  const handled = new Inbox<string>()
  app.broker.subscriber('orders', options, async (topic, message) => {
    handled.add(String(topic))
    if (topic !== 'nowhere') await message.broker.publish(String(topic), 1)
  })
  return { app, cluster, handled }
}

function refusing (producer: TransportProducer, missing: readonly Right[]): TransportProducer {
  return {
    partitionCount (topic) {
      const rights = missing.filter(({ resource, name }) => resource === 'cluster' || name === topic)
      return rights.length === 0 ? producer.partitionCount(topic) : Promise.reject(notAuthorized(rights, 'User:shop'))
    },
    send: (...args) => producer.send(...args),
    close: () => producer.close()
  }
}

/** Orders of one partition. */
function send (cluster: MemoryCluster, ...topics: string[]): void {
  cluster.append(topics.map((topic) => ({
    topic: 'orders', partition: 0, key: null, value: Buffer.from(JSON.stringify(topic)), headers: [], timestamp: 0
  })))
}

function write (topic: string): Right {
  return { operation: 'Write', resource: 'topic', name: topic }
}

async function stopped (app: FastifyInstance): Promise<void> {
  await eventually(async () => app.broker.health().subscribers[0]?.state === 'stopped')
}

t.test('a topic that is not declared is the fault of its message, which becomes a dead letter', async (t) => {
  const { app, cluster, handled } = await shop(t, [write('secrets')])
  await app.ready()
  send(cluster, 'secrets', 'nowhere')
  t.same(await handled.count(3), ['secrets', 'secrets', 'nowhere'])
  const [letter] = cluster.records('orders.dlq')
  const headers = Object.fromEntries(letter?.headers.map(([name, value]) => [name, value?.toString()]) ?? [])
  t.match(headers, { 'x-dlq-error-code': 'FASTSTREAM_ERR_NOT_AUTHORIZED', 'x-dlq-attempts': '2' })
  t.equal(app.broker.health().subscribers[0]?.state, 'reading')
})

t.test('a topic that is declared stops the subscriber, whichever broker of the app has declared it', async (t) => {
  for (const topic of ['receipts', 'invoices', 'orders.dlq']) {
    const { app, cluster, handled } = await shop(t, [write(topic)])
    app.broker.publisher('receipts')
    app.brokers.billing.publisher('invoices')
    await app.ready()
    send(cluster, topic, 'nowhere')
    await stopped(app)
    t.same(handled.items, [topic])
    t.equal(app.broker.health().healthy, false)
  }
})

t.test('a refusal of the cluster as a whole stops the subscriber where the app has declared a topic', async (t) => {
  const idempotent: Right = { operation: 'IdempotentWrite', resource: 'cluster', name: '' }
  const declared = await shop(t, [idempotent])
  await declared.app.ready()
  send(declared.cluster, 'secrets', 'nowhere')
  await stopped(declared.app)
  t.same(declared.handled.items, ['secrets'])

  const { app, cluster, handled } = await shop(t, [idempotent], { deadLetter: false })
  await app.ready()
  send(cluster, 'secrets', 'nowhere')
  t.same(await handled.count(3), ['secrets', 'secrets', 'nowhere'], 'and goes on where it has declared none')
})
