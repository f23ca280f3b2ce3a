import t from 'tap'
import { createKafkajsWire } from '../../../lib/transport/kafkajs/wire.js'
import { fakeNode, oldBroker } from '../../support/fake-node.js'
import { rejects, SILENT } from '../../support/kafka-client.js'

t.test('a request in no version that the node takes is not sent, and the connection goes on', async (t) => {
  let requests = 0
  const address = await fakeNode(t, (request, socket) => {
    requests++
    oldBroker(request, socket, 0)
  })
  const connection = await createKafkajsWire({ clientId: 'test', log: SILENT }).connect(
    address, new AbortController().signal
  )
  t.teardown(() => { connection.close() })
  const before = requests
  await rejects(t, connection.send('DescribeConfigs', { resources: [], names: [] }), {
    name: 'WireError', message: /takes no DescribeConfigs request/
  })
  t.equal(requests, before)
  t.ok(connection.open)
})
