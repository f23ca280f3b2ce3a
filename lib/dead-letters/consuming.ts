import { within, type Clock } from '../clock.js'
import { FASTSTREAM_ERR_DEAD_LETTERS } from '../errors.js'
import { reasonOfCluster } from '../for-clients.js'
import type { ConsumerListener, ConsumerOptions, Transport, TransportConsumer } from '../transport/transport.js'

/** ms that the cluster may take for one step. */
const TIMEOUT = 10_000
const NO_ANSWER = `no answer within ${TIMEOUT / 1000} s`
/** As long as by default: it rebalances with no other member. */
const TIMES = { rebalanceTimeout: 60_000, sessionTimeout: 30_000 }

type Reading = Pick<ConsumerOptions, 'groupId' | 'offsetReset' | 'partitions' | 'positions'> & {
  readonly topics: readonly string[]
}

/** Calls of the listener of a consumer; `end` ends the wait for it. */
type Calls = (consumer: TransportConsumer, end: () => void) => Partial<ConsumerListener>

export interface Cluster {
  readonly transport: Transport
  readonly clock: Clock
}

/** Starts a consumer, and resolves when its listener has called `end`. Nothing is called after that. */
export async function consume (
  { transport, clock }: Cluster, reading: Reading, calls: Calls
): Promise<TransportConsumer> {
  const [topic = ''] = reading.topics
  let listener: Partial<ConsumerListener> = {}
  const call = <Name extends keyof ConsumerListener>(name: Name) => (...args: Parameters<ConsumerListener[Name]>) => {
    Reflect.apply(listener[name] ?? (() => {}), undefined, args)
  }
  let fail!: (error: Error) => void
  const failed = new Promise<never>((resolve, reject) => { fail = reject })
  const consumer = transport.consumer({ ...reading, ...TIMES }, {
    assigned: call('assigned'),
    revoking: async () => {},
    lost: () => {},
    records: call('records'),
    stored: call('stored'),
    corrupt: call('corrupt'),
    reset: call('reset'),
    failed: (error, again) => { if (again === false) fail(error) }
  })
  try {
    const ended = new Promise<void>((resolve) => { listener = calls(consumer, resolve) })
    const work = Promise.all([ended, Promise.race([consumer.start(), failed])])
    if (!await within(clock, TIMEOUT, work)) throw new FASTSTREAM_ERR_DEAD_LETTERS(topic, NO_ANSWER)
    listener = {}
    return consumer
  } catch (cause) {
    listener = {}
    await consumer.close()
    throw cause instanceof FASTSTREAM_ERR_DEAD_LETTERS ? cause : unreadable(topic, cause)
  }
}

/** The number of partitions of those topics that exist. @throws FASTSTREAM_ERR_DEAD_LETTERS */
export async function countsOf (
  { transport }: Cluster, topics: readonly string[]
): Promise<ReadonlyMap<string, number>> {
  try {
    return await transport.describeTopics(topics)
  } catch (cause) {
    throw unreadable(topics.join(', '), cause)
  }
}

function unreadable (topic: string, cause: unknown): Error {
  return new FASTSTREAM_ERR_DEAD_LETTERS(topic, reasonOfCluster(cause), { cause })
}
