import { within } from '../../clock.js'
import type { Codecs } from '../compression/codec.js'
import { createCodecs } from '../compression/codecs.js'
import type { Transport, TransportOptions } from '../transport.js'
import { createAdmin } from './cluster/admin.js'
import { checkRights } from './cluster/check-rights.js'
import { Cluster } from './cluster/cluster.js'
import { describeCluster } from './cluster/describe-cluster.js'
import { TopicMetadata } from './cluster/topic-metadata.js'
import { createConsumer } from './consumer/consumer.js'
import { type Environment, systemEnvironment } from './environment.js'
import { createProducer } from './producer/producer.js'
import { recordsCompressor } from './records/compress.js'
import type { Wire } from './wire.js'

export interface KafkaTransportOptions extends Pick<
  TransportOptions, 'brokers' | 'connectTimeout' | 'metadataMaxAge' | 'compression' | 'log'
> {
  /** Of the library that carries the requests. */
  readonly name: string
  readonly codecs?: Codecs
}

/** ms */
const REQUEST_TIMEOUT = 5000
/** ms */
const CLOSE_TIMEOUT = 2000

/**
 * A real Kafka: one client per app and cluster, which producer, administration and all groups share. Throws
 * `FASTSTREAM_ERR_CODEC` when batches are to be compressed by a codec that is not installed.
 */
export function createKafkaTransport (
  options: KafkaTransportOptions, wire: Wire, environment: Environment = systemEnvironment
): Transport {
  const { log, compression = 'none', codecs = createCodecs() } = options
  const compress = recordsCompressor(compression, codecs)
  const cluster = new Cluster({ ...options, requestTimeout: REQUEST_TIMEOUT }, wire, environment)
  const metadata = new TopicMetadata(cluster, options)
  const clients = new Set<{ close (): Promise<void> }>()

  function opened<Client extends { close (): Promise<void> }> (client: Client): Client {
    clients.add(client)
    // A reader of a log lives for a moment: the transport must not keep it.
    const close = client.close.bind(client)
    client.close = () => close().finally(() => { clients.delete(client) })
    return client
  }

  return {
    name: options.name,
    clusterId: () => cluster.id,
    ...createAdmin(cluster, metadata, options),
    checkRights: (needed) => checkRights(cluster, needed, log),
    describeCluster: (asked) => describeCluster(cluster, options.connectTimeout, asked),
    consumer: (consumerOptions, listener) => opened(
      createConsumer({ cluster, metadata, options: consumerOptions, listener, log, codecs })
    ),
    producer: () => opened(createProducer(cluster, metadata, { log, compress })),
    async close () {
      await within(environment.clock, CLOSE_TIMEOUT, Promise.all([...clients].map((client) => client.close())))
      cluster.close()
    }
  }
}
