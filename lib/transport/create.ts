import type { Log } from '../log.js'
import type { FaststreamOptions } from '../../types/index.js'
import { Sealed } from '../sealed.js'
import type { Compression } from './compression/codec.js'
import type { Transport, TransportOptions } from './transport.js'

/** The settings of the plugin that a transport needs. */
export interface TransportSettings extends Pick<TransportOptions, 'brokers' | 'clientId' | 'connectTimeout'> {
  readonly transport: 'kafkajs' | 'memory'
  readonly producer: { readonly compression: Compression }
  readonly security: Sealed<Pick<FaststreamOptions, 'ssl' | 'sasl'>>
}

/** Loaded when it is needed: an app on the memory transport never reads kafkajs. */
export async function createTransport (settings: TransportSettings, log: Log): Promise<Transport> {
  const { transport, brokers, clientId, security, connectTimeout, producer: { compression } } = settings
  if (transport === 'memory') {
    log.warn({}, 'in-memory broker: nothing leaves this process, and it forgets everything when it ends')
    const { createMemoryCluster, createMemoryTransport } = await import('./memory/index.js')
    return createMemoryTransport({ cluster: createMemoryCluster(), log })
  }
  const { createKafkajsTransport } = await import('./kafkajs/index.js')
  return createKafkajsTransport({ brokers, clientId, ...Sealed.open(security), connectTimeout, compression, log })
}
