import type { Log } from '../log.js'
import type { FaststreamOptions } from '../../types/index.js'
import { Sealed } from '../sealed.js'
import type { Compression } from './compression/codec.js'
import { checkTransport } from './own-transport.js'
import type { Transport, TransportFactory, TransportOptions } from './transport.js'

export { checkTransport }

/** The settings of the plugin that a transport needs. */
export interface TransportSettings extends Pick<
  TransportOptions, 'brokers' | 'clientId' | 'connectTimeout' | 'metadataMaxAge' | 'allowInsecureSasl'
> {
  readonly transport: 'kafkajs' | 'memory' | Transport | TransportFactory
  readonly producer: { readonly compression: Compression }
  readonly security: Sealed<Pick<FaststreamOptions, 'ssl' | 'sasl'>>
}

/** Loaded when it is needed: an app on the memory transport never reads kafkajs. */
export async function createTransport (settings: TransportSettings, log: Log): Promise<Transport> {
  const { transport, security, producer, brokers, clientId, allowInsecureSasl } = settings
  if (typeof transport === 'object') return transport
  if (transport === 'memory') {
    log.warn({}, 'in-memory broker: nothing leaves this process, and it forgets everything when it ends')
    const { createMemoryCluster, createMemoryTransport } = await import('./memory/index.js')
    return createMemoryTransport({ cluster: createMemoryCluster(), log })
  }
  const { compression } = producer
  const { connectTimeout, metadataMaxAge } = settings
  const times = { connectTimeout, metadataMaxAge }
  const options = { brokers, clientId, ...Sealed.open(security), allowInsecureSasl, ...times, compression, log }
  if (typeof transport === 'function') return checkTransport('transport(options)', await transport(options))
  const { createKafkajsTransport } = await import('./kafkajs/index.js')
  return createKafkajsTransport(options)
}
