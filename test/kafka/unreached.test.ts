import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { createKafkaTransport } from '../../lib/transport/kafka/index.js'
import type { Wire, WireConnection } from '../../lib/transport/kafka/wire.js'
import { createKafkajsWire } from '../../lib/transport/kafkajs/wire.js'
import type { Log } from '../../lib/log.js'
import { useEnvironment } from '../support/environment.js'
import { memoryLog } from '../support/json-log.js'
import { brokers, uniqueName } from './fixture.js'

/** A real cluster that names, as the coordinator of each group, a port at which nothing listens. */
function misled (log: Log): Wire {
  const wire = createKafkajsWire({ log, clientId: 'test' })
  return {
    ...wire,
    async connect (address, signal): Promise<WireConnection> {
      const connection = await wire.connect(address, signal)
      const send: WireConnection['send'] = async (api, parameters) => {
        const answer = await connection.send(api, parameters)
        return api === 'FindCoordinator' ? { ...answer, host: '127.0.0.1', port: 1 } : answer
      }
      return {
        get apiVersions () { return connection.apiVersions },
        get open () { return connection.open },
        send,
        close: () => { connection.close() }
      }
    }
  }
}

t.test('a coordinator that is advertised under a wrong address fails the start and is named', async (t) => {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'warn', stream } })
  t.teardown(() => app.close())
  const connectTimeout = 5000
  const groupId = uniqueName('g')
  await app.register(faststreamPlugin, { brokers: brokers(), groupId, connectTimeout })
  useEnvironment(app, {
    createTransport: async (_, log) => createKafkaTransport(
      { brokers: brokers(), connectTimeout, log, name: 'misled' }, misled(log)
    )
  })
  app.broker.subscriber(uniqueName('orders'), () => {})
  await t.rejects(async () => await app.ready(), {
    code: 'FASTSTREAM_ERR_START_TIMEOUT',
    message: new RegExp(`coordinator of group '${groupId}' is not reached: .*127\\.0\\.0\\.1:1`)
  })
  t.notOk(lines.some(({ msg }) => msg.includes('members that died')))
})
