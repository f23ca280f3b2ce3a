import type { TransportOptions } from '../transport.js'
import type { Api, Wire } from '../kafka/wire.js'
import { Connection } from './connection.js'
import { loadKafkajs } from './load.js'
import { createLogCreator } from './log.js'
import { KAFKAJS_REQUESTS } from './requests.js'

type WireOptions = Pick<TransportOptions, 'clientId' | 'ssl' | 'sasl' | 'log'>

/** The wire on a private copy of kafkajs: its sockets, TLS, SASL and protocol. Throws `FASTSTREAM_ERR_KAFKAJS`. */
export function createKafkajsWire ({ clientId, ssl, sasl, log }: WireOptions): Wire {
  const { createLogger, LEVELS } = loadKafkajs()('src/loggers/index.js')
  const logger = createLogger({ level: LEVELS.INFO, logCreator: createLogCreator(log) })
  const versions = Object.entries(KAFKAJS_REQUESTS).map(([api, { versions }]) => [api as Api, versions] as const)
  return {
    versions: new Map(versions),
    async connect (address, signal) {
      signal.throwIfAborted()
      const connection = new Connection(address, { clientId, ssl, sasl, logger })
      const cut = (): void => { connection.close() }
      signal.addEventListener('abort', cut, { once: true })
      try {
        await connection.connect()
        return connection
      } finally {
        signal.removeEventListener('abort', cut)
      }
    }
  }
}
