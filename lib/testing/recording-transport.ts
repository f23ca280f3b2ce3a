import { SendError, type ProducedRecord, type Transport, type TransportProducer } from '../transport/transport.js'
import type { Recorder } from './recorder.js'

/** A transport that tells the recorder what the cluster has stored. */
export function recordingTransport (transport: Transport, recorder: Recorder): Transport {
  const { name, clusterId, ping, checkRights } = transport
  return {
    name,
    ...clusterId && { clusterId: () => clusterId.call(transport) },
    connect: (...args) => transport.connect(...args),
    ...ping && { ping: (deadline) => ping.call(transport, deadline) },
    describeTopics: (topics) => transport.describeTopics(topics),
    createTopics: (topics) => transport.createTopics(topics),
    ...checkRights && { checkRights: (needed) => checkRights.call(transport, needed) },
    consumer: (options, listener) => transport.consumer(options, listener),
    producer: () => recordingProducer(transport.producer(), recorder),
    close: () => transport.close()
  }
}

function recordingProducer (producer: TransportProducer, recorder: Recorder): TransportProducer {
  function stored (records: readonly ProducedRecord[], offsets: SendError['offsets']): void {
    for (const [index, record] of records.entries()) {
      const offset = offsets[index]
      if (offset !== undefined) recorder.stored(record, offset)
    }
    recorder.changed()
  }

  return {
    partitionCount: (topic) => producer.partitionCount(topic),
    async send (records, deadline) {
      // Sends of the same records may overlap with changes of their owners, so each is kept as it was sent.
      const sent = records.map((record) => ({ ...record }))
      try {
        const offsets = await producer.send(records, deadline)
        stored(sent, offsets)
        return offsets
      } catch (error) {
        if (error instanceof SendError) stored(sent, error.offsets)
        throw error
      }
    },
    close: () => producer.close()
  }
}
