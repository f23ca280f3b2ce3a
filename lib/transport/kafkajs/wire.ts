import { FASTSTREAM_ERR_INSECURE_SASL } from '../../errors.js'
import { type Credentials, isLoopback, sendsSecret } from '../../loopback.js'
import type { TransportOptions } from '../transport.js'
import type { Api, Wire } from '../kafka/wire.js'
import { Connection } from './connection.js'
import { SaslCredentials } from './credentials.js'
import { loadKafkajs } from './load.js'
import { createLogCreator } from './log.js'
import { KAFKAJS_REQUESTS } from './requests.js'

type WireOptions = Pick<TransportOptions, 'clientId' | 'ssl' | 'sasl' | 'allowInsecureSasl' | 'log'>

/** The wire on a private copy of kafkajs: its sockets, TLS, SASL and protocol. Throws `FASTSTREAM_ERR_KAFKAJS`. */
export function createKafkajsWire ({ clientId, ssl, sasl, allowInsecureSasl, log }: WireOptions): Wire {
  const { createLogger, LEVELS } = loadKafkajs()('src/loggers/index.js')
  const logger = createLogger({ level: LEVELS.INFO, logCreator: createLogCreator(log) })
  const credentials = sasl && new SaslCredentials(sasl)
  const versions = Object.entries(KAFKAJS_REQUESTS).map(([api, { versions }]) => [api as Api, versions] as const)
  return {
    versions: new Map(versions),
    get principal () {
      return credentials?.principal
    },
    async connect (address, signal) {
      signal.throwIfAborted()
      protectCredentials(address, { ssl, sasl, allowInsecureSasl })
      const connection = new Connection(address, { clientId, ssl, sasl: credentials, logger })
      const cut = (): void => { connection.close() }
      signal.addEventListener('abort', cut, { once: true })
      try {
        await connection.connect(signal)
        return connection
      } finally {
        signal.removeEventListener('abort', cut)
      }
    }
  }
}

/** The cluster advertises addresses that no option names. @throws FASTSTREAM_ERR_INSECURE_SASL */
function protectCredentials (address: string, credentials: Credentials): void {
  if (!sendsSecret(credentials) || isLoopback(address)) return
  const { mechanism } = credentials.sasl as { readonly mechanism: string }
  throw new FASTSTREAM_ERR_INSECURE_SASL(mechanism, 'to a host that the cluster advertises')
}
