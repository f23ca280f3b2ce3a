import type { FastifyInstance } from 'fastify'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { ProducedRecord } from '../../lib/transport/transport.js'
import { useEnvironment } from './environment.js'

/** Gives an app a memory cluster that stores the records of a send only when `hold` has resolved. */
export function holdSends (app: FastifyInstance, hold: (records: readonly ProducedRecord[]) => Promise<void>): void {
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  useEnvironment(app, {
    createTransport: async () => ({
      ...transport,
      producer () {
        const producer = transport.producer()
        return {
          partitionCount: (topic) => producer.partitionCount(topic),
          close: () => producer.close(),
          async send (records, deadline) {
            await hold(records)
            return await producer.send(records, deadline)
          }
        }
      }
    })
  })
}
