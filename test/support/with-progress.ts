import type { PartitionProgress, TransportConsumer } from '../../lib/transport/transport.js'

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
