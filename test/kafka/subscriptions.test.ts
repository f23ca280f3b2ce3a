import { createKafkajsTransport } from '../../lib/transport/kafkajs/index.js'
import { moving } from '../conformance/moving.js'
import { subscriptionChanges } from '../conformance/subscription-changes.js'
import { subscriptions, type TransportWorld } from '../conformance/subscriptions.js'
import { SILENT } from '../support/kafka-client.js'
import { brokers, uniqueName } from './fixture.js'

const transports: TransportWorld = {
  name: 'kafka',
  unique: uniqueName,
  async transport (t) {
    const transport = createKafkajsTransport({
      brokers: brokers(), clientId: 'conformance', connectTimeout: 9000, log: SILENT
    })
    t.teardown(() => transport.close())
    await transport.connect()
    return transport
  }
}

subscriptions(transports)
subscriptionChanges(transports)
moving(transports)
