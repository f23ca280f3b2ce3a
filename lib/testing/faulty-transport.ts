import type { FastifyInstance } from 'fastify'
import { topicPartitionName } from '../transport/topic-partition.js'
import {
  SendError, type ConsumerListener, type ConsumerOptions, type ProducedRecord, type Transport, type TransportConsumer,
  type TransportProducer
} from '../transport/transport.js'
import type { Faults, FaultyConsumer } from './faults.js'

/**
 * A transport for one app, to which the faults of a test happen. All of them are those of the contract of a transport,
 * so they happen on every cluster alike.
 */
export function faultyTransport (transport: Transport, faults: Faults, app: FastifyInstance): Transport {
  return {
    ...transport,
    consumer: (options, listener) => {
      let { topics } = options
      const rejoin = (): void => { consumer.subscribe(topics).catch(() => {}) }
      const faulty: FaultyConsumer = {
        app,
        reads: (topic) => [topics].flat().some((each) => typeof each === 'string' ? each === topic : each(topic)),
        rebalance: rejoin,
        evict () {
          listener.lost()
          rejoin()
        },
        // It leaves its group, which so waits for no time-out. What it has not committed is stored nowhere.
        crash () {
          listener.lost()
          consumer.close()
        }
      }
      const consumer = transport.consumer(options, faultyListener(listener, faults, faulty))
      faults.addConsumer(faulty)
      return faultyConsumer(consumer, { faults, faulty, changed: (replaced) => { topics = replaced } })
    },
    producer: () => faultyProducer(transport.producer(), faults)
  }
}

interface Means {
  readonly faults: Faults
  readonly faulty: FaultyConsumer
  /** Told of the topics that the consumer reads from now on. */
  changed (topics: ConsumerOptions['topics']): void
}

function faultyConsumer (consumer: TransportConsumer, { faults, faulty, changed }: Means): TransportConsumer {
  const commit = consumer.commit.bind(consumer)
  const subscribe = consumer.subscribe.bind(consumer)
  consumer.commit = async (offsets) => {
    const topics = offsets.map(({ topic }) => topic)
    const happening = faults.take('commit', topics)
    if (happening?.error !== undefined) throw happening.error
    if (happening?.delay !== undefined) await faults.wait(happening.delay)
    faults.act(happening?.act, faulty)
    await commit(offsets)
  }
  consumer.subscribe = async (topics, ...positions) => {
    changed(topics)
    await subscribe(topics, ...positions)
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
      const isSent = sentOf(records, (index) => happenings[index]?.error !== undefined)
      const sent = await producer.send(records.filter((_, index) => isSent[index]), deadline)
      const left = [...sent]
      const offsets = isSent.map((each) => each ? left.shift() : undefined)
      throw new SendError(failed.error.message, 'not-sent', 'timeout', { offsets, cause: failed.error })
    },
    close: () => producer.close()
  }
}

/** Whether each record is sent: as on a cluster, none of a partition behind one that fails. */
function sentOf (records: readonly ProducedRecord[], fails: (index: number) => boolean): readonly boolean[] {
  const failing = new Set<string>()
  return records.map((record, index) => {
    const partition = topicPartitionName(record)
    if (fails(index)) failing.add(partition)
    return !failing.has(partition)
  })
}
