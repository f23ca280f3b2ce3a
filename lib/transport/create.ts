import type { Log } from '../log.js'
import type { Settings } from '../options/plugin-options.js'
import { Sealed } from '../sealed.js'
import type { Transport } from './transport.js'

/** Loaded when it is needed: an app on the memory transport never reads kafkajs. */
export async function createTransport (settings: Settings, log: Log): Promise<Transport> {
  const { transport, brokers, clientId, security, connectTimeout } = settings
  if (transport === 'memory') {
    log.warn({}, 'in-memory broker: nothing leaves this process, and it forgets everything when it ends')
    const { createMemoryCluster, createMemoryTransport } = await import('./memory/index.js')
    return createMemoryTransport({ cluster: createMemoryCluster(), log })
  }
  const { createKafkajsTransport } = await import('./kafkajs/index.js')
  return createKafkajsTransport({ brokers, clientId, ...Sealed.open(security), connectTimeout, log })
}
