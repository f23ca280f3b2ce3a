import type { FastifyInstance } from 'fastify'
import type { MemoryConsumer, MemoryTransport } from '../transport/memory/index.js'
import { SendError, type ConsumerListener, type Transport, type TransportProducer } from '../transport/transport.js'
import type { Faults, FaultyConsumer } from './faults.js'

/** A transport of the in-memory cluster for one app, to which the faults of a test happen. */
export function faultyTransport (transport: MemoryTransport, faults: Faults, app: FastifyInstance): Transport {
  return {
    ...transport,
    consumer: (options, listener) => {
      const { topics } = options
      const faulty: FaultyConsumer = {
        app,
        reads: (topic) => [topics].flat().some((each) => typeof each === 'string' ? each === topic : each(topic)),
        rebalance: () => { consumer.subscribe(topics).catch(() => {}) },
        evict: () => { consumer.expire() },
        crash: () => {
          consumer.kill()
          listener.lost()
        }
      }
      const consumer: MemoryConsumer = transport.consumer(options, faultyListener(listener, faults, faulty))
      faults.addConsumer(faulty)
      return faultyCommits(consumer, faults, faulty)
    },
    producer: () => faultyProducer(transport.producer(), faults)
  }
}

function faultyCommits (consumer: MemoryConsumer, faults: Faults, faulty: FaultyConsumer): MemoryConsumer {
  const commit = consumer.commit.bind(consumer)
  consumer.commit = async (offsets) => {
    const topics = offsets.map(({ topic }) => topic)
    const happening = faults.take('commit', topics)
    if (happening?.error !== undefined) throw happening.error
    if (happening?.delay !== undefined) await faults.wait(happening.delay)
    faults.act(happening?.act, faulty)
    await commit(offsets)
  }
  return consumer
}

/** Records that come while others are held back stay behind them. */
function faultyListener (listener: ConsumerListener, faults: Faults, faulty: FaultyConsumer): ConsumerListener {
  let held: Promise<void> | undefined
  return {
    assigned: (partitions) => { listener.assigned(partitions) },
    revoking: () => listener.revoking(),
    lost: () => { listener.lost() },
    records: (topic, ...args) => {
      const happening = faults.take('fetch', [topic])
      if (happening?.error !== undefined) listener.failed(happening.error, true)
      if (happening?.delay !== undefined) {
        const wait = faults.wait(happening.delay)
        held = held === undefined ? wait : held.then(() => wait)
      }
      faults.act(happening?.act, faulty)
      if (held === undefined) listener.records(topic, ...args)
      else held = held.then(() => { listener.records(topic, ...args) })
    },
    stored: (...args) => { listener.stored(...args) },
    corrupt: (...args) => { listener.corrupt(...args) },
    reset: (...args) => { listener.reset(...args) },
    failed: (...args) => { listener.failed(...args) }
  }
}

function faultyProducer (producer: TransportProducer, faults: Faults): TransportProducer {
  return {
    partitionCount: (topic) => producer.partitionCount(topic),
    async send (records, deadline) {
      const happenings = records.map(({ topic }) => faults.take('publish', [topic]))
      const delays = happenings.flatMap((happening) => happening?.delay ?? [])
      if (delays.length > 0) await faults.wait(Math.max(...delays))
      const failed = happenings.find((happening) => happening?.error !== undefined)
      if (failed?.error === undefined) return await producer.send(records, deadline)
      const isSent = (index: number): boolean => happenings[index]?.error === undefined
      const sent = await producer.send(records.filter((_, index) => isSent(index)), deadline)
      const left = [...sent]
      const offsets = records.map((_, index) => isSent(index) ? left.shift() : undefined)
      throw new SendError(failed.error.message, 'not-sent', 'timeout', { offsets, cause: failed.error })
    },
    close: () => producer.close()
  }
}
