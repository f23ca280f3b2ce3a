import t from 'tap'
import { createKafkajsWire } from '../../../lib/transport/kafkajs/wire.js'
import { silent } from '../../kafka/client.js'

const sasl = { mechanism: 'plain', username: 'shop', password: 'very-secret' } as const

t.test('a cluster that advertises another host gets no readable credentials', async (t) => {
  const { signal } = new AbortController()
  const wire = createKafkajsWire({ clientId: 'test', sasl, log: silent })
  await t.rejects(wire.connect('kafka.invalid:9092', signal), {
    code: 'FASTSTREAM_ERR_INSECURE_SASL', message: /to a host that the cluster advertises/
  })
  const reached = { name: 'WireError' }
  await t.rejects(wire.connect('127.0.0.1:1', signal), reached, 'loopback')
  const allowed = createKafkajsWire({ clientId: 'test', sasl, allowInsecureSasl: true, log: silent })
  await t.rejects(allowed.connect('kafka.invalid:9092', signal), reached, 'by name')
})
