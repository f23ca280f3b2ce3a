import type { EachBatchPayload } from 'kafkajs'
import t from 'tap'
import type { Coordinator } from '../../lib/transport/kafkajs/coordinator.js'
import { Generation } from '../../lib/transport/kafkajs/generation.js'
import { Reader } from '../../lib/transport/kafkajs/reader.js'
import { record } from '../fixtures/record.js'
import { Observer } from './members.js'

type Places = ReadonlyArray<{ readonly topic: string, readonly partitions?: readonly number[] }>

/** A reader that owns two partitions, which begin at what is stored; `calls` is what KafkaJS was told. */
function build ({ reading = true } = {}) {
  const calls: string[] = []
  const told = (what: string) => (places: Places) => { calls.push(`${what} ${places.flatMap(({ partitions }) => partitions ?? []).join()}`) }
  const observer = new Observer()
  const consumer = { pause: told('pause'), resume: told('resume'), paused: () => [{ topic: 'orders', partitions: [1] }], seek: ({ partition, offset }: { partition: number, offset: string }) => { calls.push(`seek ${partition} ${offset}`) } }
  const reader = new Reader(consumer as never, observer, reading)
  function begin (): void {
    reader.begin(new Generation('g', { memberId: 'm', generationId: 1 } as Coordinator, { orders: [0, 1] }))
    for (const partition of [0, 1]) reader.beginAt({ topic: 'orders', partition, stored: 5n, metadata: null, start: 0n, end: 9n, position: 5n })
  }
  /** A batch that was asked for from the offset `from`, and ends before `position`. */
  function take (partition: number, from: number, position: number, corrupt?: object): void {
    const messages = Array.from({ length: position - from }, (_, i) => record(from + i))
    const batch = { topic: 'orders', partition, highWatermark: '20', from: BigInt(from), messages, position: BigInt(position), corrupt }
    reader.take({ batch, resolveOffset: (offset: string) => { calls.push(`resolve ${offset}`) } } as unknown as EachBatchPayload)
  }
  begin()
  return { reader, observer, calls, begin, take }
}

t.test('a batch is handed over where reading is, and nothing of it twice', async (t) => {
  const { reader, observer, calls, take } = build()
  take(0, 5, 7)
  take(0, 8, 9)
  take(0, 5, 6)
  take(0, 5, 8)
  t.same(observer.received.map(({ offset }) => offset), [5n, 6n, 7n], 'neither from beyond nor from before')
  t.same(calls, ['resume 1', 'resolve 6', 'resolve 7'], 'KafkaJS remembers pauses across generations')
  t.same(reader.progress({ topic: 'orders', partition: 0 }), { position: 8n, end: 20n })
})

t.test('what is paused is dropped, to be read again', async (t) => {
  const { reader, observer, calls, take } = build()
  reader.pause({ topic: 'orders', partition: 0 })
  take(0, 5, 7)
  t.same([observer.received, reader.progress({ topic: 'orders', partition: 0 }).position], [[], 5n])
  reader.resume({ topic: 'orders', partition: 0 })
  take(0, 5, 7)
  t.equal(observer.received.length, 2)
  t.same(calls, ['resume 1', 'pause 0', 'resume 0', 'resolve 6'])
})

t.test('a corrupt batch stops its partition until a seek, whatever is resumed', async (t) => {
  const { reader, observer, calls, take } = build()
  take(0, 5, 7, { offset: 7n, nextOffset: 9n, error: new Error('broken') })
  t.equal(observer.corruptBatches.length, 1)
  reader.resume({ topic: 'orders', partition: 0 })
  reader.seek({ topic: 'orders', partition: 1, offset: 9n })
  t.same(calls, ['resume 1', 'resolve 6', 'pause 0'], 'and a partition that is read is left where it is')
  reader.seek({ topic: 'orders', partition: 0, offset: 9n })
  take(0, 7, 8)
  take(0, 9, 10)
  t.equal(observer.received.at(-1)?.offset, 9n)
  t.same(calls.slice(3), ['seek 0 9', 'resume 0', 'resolve 9'])
})

t.test('a reader that has stopped reads nothing in later generations either, and says so once', async (t) => {
  const { reader, observer, calls, begin, take } = build()
  reader.stop()
  reader.stop()
  take(0, 5, 7)
  reader.end('drained')
  reader.stop()
  begin()
  take(0, 5, 7)
  reader.resume({ topic: 'orders', partition: 0 })
  t.same(calls, ['resume 1', 'pause 0,1', 'pause 0,1'])
  t.same(observer.received, [])
  t.same(observer.calls, ['assigned', 'assigned'])
})

t.test('without a generation there is nothing to read, to pause or to tell', async (t) => {
  const { reader, observer, calls, take } = build()
  reader.end('lost')
  reader.end('lost')
  const place = { topic: 'orders', partition: 0 }
  reader.pause(place)
  reader.resume(place)
  reader.seek({ ...place, offset: 9n })
  take(0, 5, 7)
  reader.beginAt({ ...place, stored: undefined, metadata: null, start: 0n, end: 9n, position: 0n })
  t.same(reader.progress(place), { position: undefined, end: undefined })
  t.same([calls, observer.calls, observer.received], [['resume 1'], ['assigned', 'lost'], []])
})
