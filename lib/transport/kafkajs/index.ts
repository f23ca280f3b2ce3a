import type { Kafka, KafkaConfig } from 'kafkajs'
import { createKafkaTransport } from '../kafka/index.js'
import { type Transport, type TransportOptions } from '../transport.js'
import { createConsumer } from './consumer.js'
import { loadKafkajs as loadOld } from './copy/load.js'
import { loadKafkajs } from './load.js'
import { createLogCreator } from './log.js'
import { lookupCodec } from './replacements.js'
import { createKafkajsWire } from './wire.js'

/** A real Kafka, over a private copy of kafkajs. Throws `FASTSTREAM_ERR_KAFKAJS` when there is none that it knows. */
export function createKafkajsTransport (options: TransportOptions): Transport {
  const { brokers, connectTimeout, log } = options
  const wire = createKafkajsWire(options)
  const transport = createKafkaTransport({ name: 'kafkajs', brokers, connectTimeout, log, lookupCodec: lookupCodec(loadKafkajs()) }, wire)
  if (process.env.FASTSTREAM_OWN_CONSUMER === '1') return transport
  let kafka: Kafka | undefined
  const clients = new Set<{ close (): Promise<void> }>()
  return {
    ...transport,
    consumer (consumerOptions, listener) {
      kafka ??= createKafka(options)
      const consumer = createConsumer({ kafka, options: consumerOptions, listener, log })
      clients.add(consumer)
      return consumer
    },
    async close () {
      await Promise.all([transport.close(), ...Array.from(clients, (client) => client.close())])
    }
  }
}

/** What consumers are made of. */
function createKafka ({ brokers, clientId, ssl, sasl, connectTimeout, log }: TransportOptions): Kafka {
  const { Kafka, logLevel } = loadOld()
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
