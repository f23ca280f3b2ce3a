import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Environment } from '../broker/environment.js'
import { FASTSTREAM_ERR_NOT_SETTLED, FASTSTREAM_ERR_TEST_BROKER } from '../errors.js'
import type { Producer } from '../produce/producer.js'
import { Sealed } from '../sealed.js'
import { rootOf } from '../scope.js'
import { createTransport } from '../transport/create.js'
import type { Connection } from '../transport/kafkajs/index.js'
import { createMemoryCluster, createMemoryTransport } from '../transport/memory/index.js'
import type { Faults } from './faults.js'
import { faultyTransport } from './faulty-transport.js'
import { Isolation, isolatedTransport } from './isolated-transport.js'
import type { Readers } from './readers.js'
import type { Recorder } from './recorder.js'
import { settled } from './settled.js'
import { tableOfAll } from './state-table.js'
import { until } from './waiting.js'

/** The cluster of a test: in memory, or a real Kafka. */
export interface TestCluster {
  /** Creates the transports of the brokers of an app. */
  transportsOf (app: FastifyInstance): Environment['createTransport']
  /** Waits until every message is settled. @throws FASTSTREAM_ERR_NOT_SETTLED */
  settled (producers: readonly Producer[], readers: Readers, timeout: number): Promise<void>
  /** Calls its listener after each change, until the function that it returns is called. */
  onChange (listener: () => void): () => void
  /** Cleans up when all apps are closed. */
  close (): Promise<void>
}

/** One in-memory cluster for all brokers of a test, on which faults happen. */
export function memoryTestCluster (clock: Environment['clock'], recorder: Recorder, faults: Faults): TestCluster {
  const cluster = createMemoryCluster(clock)
  return {
    transportsOf: (app) => async () => faultyTransport(createMemoryTransport({ cluster }), faults, rootOf(app)),
    settled: (producers, readers, timeout) => {
      return settled(cluster, producers, { timeout, table: () => tableOfAll(recorder, readers) })
    },
    onChange: (listener) => cluster.onChange(listener),
    close: async () => {}
  }
}

const NO_BROKERS =
  "a test on a real Kafka needs brokers: write the option 'brokers', of testBroker() or of the app, or set " +
  'FASTSTREAM_TEST_BROKERS'

/** A real Kafka. Topics and groups of the test have names of their own there, and are removed at the end. */
export function kafkaTestCluster (
  recorder: Recorder, faults: Faults, brokers: readonly string[] | undefined
): TestCluster {
  const isolation = new Isolation(`test-${randomBytes(6).toString('hex')}.`)
  const connections = new Map<string, Connection>()
  return {
    transportsOf: (app) => async (settings, log) => {
      const connection = {
        brokers: brokers ?? settings.brokers,
        clientId: settings.clientId,
        ...Sealed.open(settings.security)
      }
      if (connection.brokers.length === 0) throw new FASTSTREAM_ERR_TEST_BROKER(NO_BROKERS)
      connections.set(connection.brokers.join(), connection)
      const real = { ...settings, transport: 'kafkajs', brokers: connection.brokers } as const
      return faultyTransport(isolatedTransport(await createTransport(real, log), isolation), faults, rootOf(app))
    },
    settled: async (producers, readers, timeout) => {
      await until(recorder, timeout, () => {
        const isDone = producers.every(({ pending }) => pending === 0) &&
          recorder.messages.every((message) => readers.waitingFor(message).length === 0)
        if (isDone) return
        throw new FASTSTREAM_ERR_NOT_SETTLED(timeout, `\n${tableOfAll(recorder, readers)}\n`)
      })
    },
    onChange: () => () => {},
    async close () {
      const { removeFromCluster } = await import('../transport/kafkajs/index.js')
      for (const connection of connections.values()) await removeFromCluster(connection, isolation)
    }
  }
}
