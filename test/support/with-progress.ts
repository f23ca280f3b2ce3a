import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { PartitionProgress, Transport, TransportConsumer } from '../../lib/transport/transport.js'

/** A consumer that tells of this progress in each partition. */
export function withProgress (consumer: TransportConsumer, progress: PartitionProgress): TransportConsumer {
  return new Proxy(consumer, {
    get (target, name) {
      if (name === 'progress') return () => progress
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) as unknown : member
    }
  })
}

/** A transport of a new in-memory cluster that has not told of any partition how far it is. */
export function withoutProgress (): Transport {
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  const unknown = { position: undefined, end: undefined, behindSince: undefined }
  return { ...transport, consumer: (...args) => withProgress(transport.consumer(...args), unknown) }
}
