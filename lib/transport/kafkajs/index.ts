import type { Kafka, KafkaConfig } from 'kafkajs'
import { systemClock, within } from '../../clock.js'
import type { Transport, TransportOptions } from '../transport.js'
import { createAdmin } from '../kafka/cluster/admin.js'
import { Cluster } from '../kafka/cluster/cluster.js'
import { createConsumer } from './consumer.js'
import { loadKafkajs } from './load.js'
import { createLogCreator } from './log.js'
import { createProducer } from '../kafka/producer/producer.js'

const closeTimeout = 2000

/** A real Kafka, through a private copy of KafkaJS. Throws `FASTSTREAM_ERR_KAFKAJS` when there is none that it knows. */
export function createKafkajsTransport (options: TransportOptions): Transport {
  // Two silent nodes leave time to ask a third.
  const cluster = new Cluster(options, Math.min(5000, options.connectTimeout / 3))
  const clients = new Set<{ close (): Promise<void> }>()
  let kafka: Kafka | undefined

  function opened<Client extends { close (): Promise<void> }> (client: Client): Client {
    clients.add(client)
    return client
  }

  return {
    name: 'kafkajs',
    ...createAdmin(cluster, options),
    consumer (consumerOptions, listener) {
      kafka ??= createKafka(options)
      return opened(createConsumer({ kafka, options: consumerOptions, listener, log: options.log }))
    },
    producer: () => opened(createProducer(options)),
    async close () {
      cluster.close()
      await within(systemClock, closeTimeout, Promise.all([...clients].map((client) => client.close())))
    }
  }
}

/** What consumers are made of. */
function createKafka ({ brokers, clientId, ssl, sasl, connectTimeout, log }: TransportOptions): Kafka {
  const { Kafka, logLevel } = loadKafkajs()
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ssl: ssl as KafkaConfig['ssl'],
    sasl: sasl as KafkaConfig['sasl'],
    connectionTimeout: Math.min(3000, connectTimeout),
    requestTimeout: 5000,
    // Written out, because KafkaJS has other defaults when NODE_ENV is "test".
    retry: { initialRetryTime: 100, factor: 0.2, multiplier: 2, maxRetryTime: 3000, retries: 10 },
    logLevel: logLevel.INFO,
    logCreator: createLogCreator(log)
  })
}
