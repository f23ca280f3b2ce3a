import type { ConsumerListener, Transport } from '../../lib/transport/transport.js'
import type { MemoryConsumer, MemoryTransport } from '../../lib/transport/memory/index.js'

/** A transport whose consumers, and their listeners, a test changes when they are made. */
export function hindered (
  transport: MemoryTransport, hinder: (consumer: MemoryConsumer, listener: ConsumerListener) => void
): Transport {
  return {
    ...transport,
    consumer (options, listener) {
      const changed = { ...listener }
      const consumer = transport.consumer(options, changed)
      hinder(consumer, changed)
      return consumer
    }
  }
}
