import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../../index.js'
import { brokersOf } from '../../../lib/broker/app-brokers.js'
import { commonAttributes, errorType } from '../../../lib/observe/otel/attributes.js'
import { observeWithOtel } from '../../../lib/observe/otel/otel.js'
import { build } from '../../support/plugin-app.js'

t.test('without the package the option is refused with the cure', async (t) => {
  const app = await build(t)
  const broker = brokersOf(app).byName.get('default')!
  const cause = new Error("Cannot find package '@opentelemetry/api'")
  t.throws(() => { observeWithOtel(broker, {}, () => { throw cause }) }, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION',
    message: "option 'otel' needs the package '@opentelemetry/api': install it",
    cause
  })
})

t.test('a server is named where there is one bootstrap address', async (t) => {
  function server (...brokers: string[]): unknown {
    return commonAttributes({ clientId: 'shop', brokers, clusterId: undefined })
  }
  const common = { 'messaging.system': 'kafka', 'messaging.client.id': 'shop' }
  t.same(server(), common)
  t.same(server('kafka-1:9092', 'kafka-2:9092'), common)
  t.same(server('kafka-1:9092'), { ...common, 'server.address': 'kafka-1', 'server.port': 9092 })
  t.same(server('[::1]:9093'), { ...common, 'server.address': '::1', 'server.port': 9093 })
})

t.test('the type of an error is its code, or its name', async (t) => {
  t.equal(errorType(Object.assign(new Error('a'), { code: 'ECONNREFUSED' })), 'ECONNREFUSED')
  t.equal(errorType(Object.assign(new TypeError('a'), { code: 7 })), 'TypeError')
})

const WRONG = { otel: 'on', 'otel.tracer': { tracer: {} }, 'otel.link': { link: 'yes' } }
for (const [option, otel] of Object.entries(WRONG)) {
  t.test(`a wrong ${option} is refused`, async (t) => {
    const wrong = { otel } as object
    await t.rejects(async () => { await Fastify().register(faststreamPlugin, wrong) }, {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`^option '${option}' `)
    })
  })
}
