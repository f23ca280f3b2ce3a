import { within } from '../../clock.js'
import type { Transport, TransportOptions } from '../transport.js'
import { createAdmin } from './cluster/admin.js'
import { checkRights } from './cluster/check-rights.js'
import { Cluster } from './cluster/cluster.js'
import { TopicMetadata } from './cluster/topic-metadata.js'
import { createConsumer } from './consumer/consumer.js'
import { type Environment, systemEnvironment } from './environment.js'
import { createProducer } from './producer/producer.js'
import type { LookupCodec } from './records/decompress.js'
import type { Wire } from './wire.js'

export { type LookupCodec }

export interface KafkaTransportOptions extends Pick<TransportOptions, 'brokers' | 'connectTimeout' | 'log'> {
  /** Of the library that carries the requests. */
  readonly name: string
  /** Codecs that the application brought. */
  readonly lookupCodec?: LookupCodec
}

const NO_CODECS: LookupCodec = () => null
/** ms */
const REQUEST_TIMEOUT = 5000
/** ms */
const CLOSE_TIMEOUT = 2000

/** A real Kafka: one client per app and cluster, which producer, administration and all groups share. */
export function createKafkaTransport (
  options: KafkaTransportOptions, wire: Wire, environment: Environment = systemEnvironment
): Transport {
  const { log, lookupCodec = NO_CODECS } = options
  const cluster = new Cluster({ ...options, requestTimeout: REQUEST_TIMEOUT }, wire, environment)
  const metadata = new TopicMetadata(cluster, options)
  const clients = new Set<{ close (): Promise<void> }>()

  function opened<Client extends { close (): Promise<void> }> (client: Client): Client {
    clients.add(client)
    return client
  }

  return {
    name: options.name,
    ...createAdmin(cluster, metadata, options),
    checkRights: (needed) => checkRights(cluster, needed, log),
    consumer: (consumerOptions, listener) => opened(
      createConsumer({ cluster, metadata, options: consumerOptions, listener, log, lookupCodec })
    ),
    producer: () => opened(createProducer(cluster, metadata, options)),
    async close () {
      await within(environment.clock, CLOSE_TIMEOUT, Promise.all([...clients].map((client) => client.close())))
      cluster.close()
    }
  }
}
