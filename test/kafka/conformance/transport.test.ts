import t from 'tap'
import { transportConformance } from '../../../lib/testing/index.js'
import { Isolation, isolatedTransport } from '../../../lib/testing/isolated-transport.js'
import { createKafkajsTransport } from '../../../lib/transport/kafkajs/index.js'
import { collidingTopics } from '../../conformance/colliding.js'
import { SILENT } from '../../support/kafka-client.js'
import { brokers, uniqueName } from '../fixture.js'
import { kafka } from '../kafka-world.js'

// Names under a prefix of this file, so that topics and groups are deleted when its tests have ended.
const isolation = new Isolation(`${uniqueName('transport')}.`)
const options = { brokers: brokers(), clientId: 'conformance', connectTimeout: 9000, log: SILENT }

collidingTopics(kafka)
transportConformance(
  (name, sentence) => t.test(`kafka: ${name}`, sentence),
  () => isolatedTransport(createKafkajsTransport(options), isolation)
)
