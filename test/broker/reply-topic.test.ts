import t, { type Test } from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import type { ReplyTaker } from '../../lib/request/reply-reader.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { Transport } from '../../lib/transport/transport.js'
import { useEnvironment } from '../support/environment.js'
import { gate } from '../support/inbox.js'
import { build as buildApp } from '../support/plugin-app.js'

/* The topic of replies, which is looked up with the first request. */

async function build (t: Test, options: FaststreamOptions, change: (transport: Transport) => Partial<Transport>) {
  const app = await buildApp(t, options)
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  useEnvironment(app, { createTransport: async () => ({ ...transport, ...change(transport) }) })
  await app.ready()
  return { app, source: brokersOf(app).byName.get('default')! }
}

const taker: ReplyTaker = { reply () {}, ended () {} }

t.test('a reply topic that is neither there nor created fails the request', async (t) => {
  const { app } = await build(t, { topics: 'ignore', replies: { topic: 'answers' } }, () => ({}))
  await t.rejects(app.broker.request('quotes', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC', message: /'answers'/ })
})

t.test('a broker that closed while it looked for the reply topic opens no consumer', async (t) => {
  const [asked, answered] = [gate(), gate()]
  const { app, source } = await build(t, {}, ({ describeTopics }) => ({
    async describeTopics (topics) {
      if (topics.includes('answers')) { asked.open(); await answered.opened }
      return await describeTopics(topics)
    },
    consumer (): never { throw new Error('a consumer is opened') }
  }))
  const reading = source.readReplies('answers', taker)
  await asked.opened
  await app.close()
  answered.open()
  await t.rejects(reading, { code: 'FASTSTREAM_ERR_NOT_READY' })
})
