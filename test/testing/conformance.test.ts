import t from 'tap'
import { transportConformance } from '../../lib/testing/index.js'
import { declareSentences } from '../../lib/testing/conformance/index.js'
import { RecordingListener } from '../../lib/testing/conformance/recording-listener.js'
import { createMemoryCluster, createMemoryTransport, type MemoryTransport } from '../../lib/transport/memory/index.js'
import type { ConsumerListener, ConsumerOptions, Transport, TransportConsumer } from '../../lib/transport/transport.js'

/** Time of a wait that shows that nothing comes, ms. */
const PATIENCE = 200

type Break = (transport: MemoryTransport) => Partial<Transport>

/** Breaks what a consumer does. */
function consumer (
  change: (consumer: TransportConsumer) => void, wrap = (listener: ConsumerListener) => listener
): Break {
  return (transport) => ({
    consumer (options, listener) {
      const broken = transport.consumer(options, wrap(listener))
      change(broken)
      return broken
    }
  })
}

/** Breaks what a listener is told. */
function listener (changes: (listener: ConsumerListener) => Partial<ConsumerListener>): Break {
  return consumer(() => {}, (listener) => new Proxy(listener, {
    get (target, name) {
      const method: unknown = Reflect.get(changes(target), name) ?? Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    }
  }))
}

/** Breaks the options that a consumer is made with. */
function options (change: (options: ConsumerOptions) => ConsumerOptions): Break {
  return (transport) => ({ consumer: (given, listener) => transport.consumer(change(given), listener) })
}

const ONCE = 'records come in the order of their offsets, each once, with the position behind them'
const BROKEN: ReadonlyArray<readonly [what: string, sentence: string, change: Break]> = [
  ['tells wrong offsets', 'records are stored in the order given, and get the next offsets of their partitions', (
    transport) => ({
    producer () {
      const producer = transport.producer()
      const send: typeof producer.send = async (...args) => (await producer.send(...args)).map((offset) => offset + 1n)
      return { ...producer, partitionCount: (topic) => producer.partitionCount(topic), close: async () => {}, send }
    }
  })],
  ['creates no topic', 'several topics are created at once', () => ({ createTopics: async () => {} })],
  ['drops headers', 'a record keeps its key, value, headers and time', listener((inner) => ({
    records: (topic, partition, records, position) => {
      inner.records(topic, partition, records.map((record) => ({ ...record, headers: [] })), position)
    }
  }))],
  ['hands records over twice', ONCE, listener((inner) => ({
    records (...args) {
      inner.records(...args)
      inner.records(...args)
    }
  }))],
  ['tells a wrong position', ONCE, listener((inner) => ({
    records: (topic, partition, records, position) => { inner.records(topic, partition, records, position + 1n) }
  }))],
  ['announces no beginning', 'a beginning that the group has not stored is announced, with no records', listener((
    inner) => ({ records: (...args) => { if (args[2].length > 0) inner.records(...args) } }))],
  ['stores no offset', 'a group goes on at the offset that it has stored, and another group is not concerned',
    consumer((inner) => { inner.commit = async () => {} })],
  ['drops the text of an offset', 'the offset of a group is announced with its text', listener((inner) => ({
    stored: (topic, partition, offset) => { inner.stored(topic, partition, offset, null) }
  }))],
  ['tells no reset', 'an offset beyond the end of the log is told, and earliest goes back to the start',
    listener(() => ({ reset: () => {} }))],
  ['does not pause', 'a partition that is paused hands over nothing until it is resumed, and others go on',
    consumer((inner) => { inner.pause = () => {} })],
  ['announces no rebalance', 'a rebalance is announced, and commits are taken until the member agrees',
    listener(() => ({ revoking: async () => {} }))],
  ['does not leave', 'the partitions of a member that leaves go to the others',
    consumer((inner) => { inner.close = async () => {} })],
  ['does not choose partitions', 'partitions chosen by hand are owned, and no other',
    options(({ partitions, ...rest }) => rest)],
  ['begins elsewhere', 'reading begins at a chosen position, whatever the group has stored',
    options(({ positions, ...rest }) => rest)],
  ['keeps its topics', 'a member gains a topic, and reads the other one from its committed offset',
    consumer((inner) => { inner.subscribe = async () => {} })],
  ['tells no offsets', 'the offsets of a place are those of the owned partitions',
    consumer((inner) => { inner.offsets = async () => [] })]
]

/** The sentences by their names. */
function sentencesOf (change: Break): ReadonlyMap<string, () => Promise<void>> {
  const cluster = createMemoryCluster()
  const sentences = new Map<string, () => Promise<void>>()
  declareSentences((name, sentence) => { sentences.set(name, sentence) }, () => {
    const transport = createMemoryTransport({ cluster })
    return { ...transport, ...change(transport) }
  }, PATIENCE)
  return sentences
}

for (const [what, name, change] of BROKEN) {
  t.test(`a transport that ${what} does not pass "${name}"`, async (t) => {
    const sentence = sentencesOf(change).get(name)
    await t.rejects(async () => { await sentence?.() }, { code: 'ERR_ASSERTION' })
  })
}

t.test('a sentence that waits in vain says for what, and what the listeners were told', async (t) => {
  const sentence = sentencesOf(consumer((inner) => { inner.resume = () => {} })).get(
    'a partition that is paused hands over nothing until it is resumed, and others go on')
  await t.rejects(async () => { await sentence?.() }, {
    message: /^not within 200 ms: the record that was held back comes\n {2}listener 1 was told: assigned …-orders\/0 /
  })
  const silent = sentencesOf(listener(() => ({ assigned: () => {}, records: () => {} }))).get(ONCE)
  await t.rejects(async () => { await silent?.() }, { message: /listener 1 was told: nothing$/ })
})

t.test('a listener writes down what a transport has trouble with', async (t) => {
  const listener = new RecordingListener()
  const error = new Error('wrong checksum')
  listener.corrupt('orders', 0, { offset: 1n, nextOffset: 2n, error })
  listener.failed(new Error('no broker'))
  listener.reset('orders', 0, { stored: 9n, start: 0n, end: 3n, position: undefined })
  t.same(listener.events, ['corrupt orders/0 (wrong checksum)', 'failed (no broker)', 'reset orders/0 9 → nowhere'])
})

t.test('each sentence is declared once, with a name, and its clients are closed', async (t) => {
  const names: string[] = []
  const cluster = createMemoryCluster()
  let open = 0
  const sentences: Array<() => Promise<void>> = []
  transportConformance((name, sentence) => {
    names.push(name)
    sentences.push(sentence)
  }, async () => {
    const transport = createMemoryTransport({ cluster })
    open++
    return { ...transport, close: () => transport.close().finally(() => { open-- }) }
  })
  t.equal(new Set(names).size, names.length)
  t.ok(names.length > 60, `${names.length} sentences`)
  await sentences[0]?.()
  t.equal(open, 0)
})

t.test('what is no function is refused', async (t) => {
  const refused = { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
  t.throws(() => { transportConformance({} as never, () => createMemoryTransport({} as never)) }, refused)
  t.throws(() => { transportConformance(() => {}, {} as never) }, refused)
})
