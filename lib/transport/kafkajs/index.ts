import { createKafkaTransport } from '../kafka/index.js'
import type { Transport, TransportOptions } from '../transport.js'
import { createKafkajsWire } from './wire.js'

/** A real Kafka, over a private copy of kafkajs. Throws `FASTSTREAM_ERR_KAFKAJS` when there is none that it knows. */
export function createKafkajsTransport (options: TransportOptions): Transport {
  const wire = createKafkajsWire(options)
  return createKafkaTransport({ ...options, name: 'kafkajs' }, wire)
}

export { removeFromCluster, type Connection } from './remove.js'
