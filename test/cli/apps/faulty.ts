import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../../index.js'
import { SendError } from '../../../lib/transport/transport.js'
import {
  createMemoryCluster, createMemoryTransport, type MemoryTransport
} from '../../../lib/transport/memory/index.js'

export const cluster = createMemoryCluster()
/** What the transport of the next command does otherwise: a test sets it. */
export const faults = { of: (transport: MemoryTransport): MemoryTransport => transport }

/** A transport whose batch at `damaged` cannot be decoded. */
export function withDamageAt (damaged: bigint): typeof faults.of {
  return (transport) => ({
    ...transport,
    consumer: (options, listener) => transport.consumer(options, {
      ...listener,
      records (topic, partition, all, position) {
        if (!all.some(({ offset }) => offset === damaged)) return listener.records(topic, partition, all, position)
        listener.records(topic, partition, all.filter(({ offset }) => offset < damaged), damaged)
        listener.corrupt(topic, partition, {
          offset: damaged, nextOffset: damaged + 1n, error: new Error('the checksum is wrong')
        })
      }
    })
  })
}

/** A transport whose producer sends `room` records, and refuses those behind them. */
export function refusingAfter (room: number): typeof faults.of {
  let sent = 0
  return (transport) => ({
    ...transport,
    producer () {
      const producer = transport.producer()
      const send = producer.send.bind(producer)
      producer.send = async (records, deadline) => {
        sent += records.length
        if (sent <= room) return await send(records, deadline)
        throw new SendError('the cluster refuses it', 'not-sent', 'refused')
      }
      return producer
    }
  })
}

export default async function faulty (app: FastifyInstance): Promise<void> {
  await app.register(faststreamPlugin, {
    transport: () => faults.of(createMemoryTransport({ cluster })),
    brokers: ['a:1'],
    groupId: 'shop',
    topicConfig: { partitions: 1 }
  })
  const value = { type: 'object', required: ['id'], properties: { id: { type: 'number' } } } as const
  app.broker.publisher('orders', { schema: { value } })
  app.broker.publisher('plain')
  app.broker.subscriber('orders', { schema: { value } }, function takeOrder () {})
  app.broker.subscriber('lines', { codec: 'text' }, function takeLine () {})
  app.broker.subscriber('{name}.texts', { codec: 'text', deadLetter: false }, function takeText () {})
  app.broker.subscriber('news', { groupId: null, deadLetter: false }, function readNews () {})
}
