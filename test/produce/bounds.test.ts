import t from 'tap'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { sizeOf } from '../../lib/produce/size.js'
import { FakeProducer } from '../support/fake-producer.js'
import { environmentOf } from '../support/environment.js'
import { ManualClock, turn } from '../support/manual-clock.js'

const PARTITION_BYTES = 512 * 1024

function build (queue = { messages: 5000, bytes: 1e9 }) {
  const clock = new ManualClock()
  const transport = new FakeProducer()
  return { clock, transport, producer: new Producer(transport, { deadline: 1000, queue }, environmentOf(clock)) }
}

/** A message that counts `size` bytes in the queue. */
function sized (size: number, partition = 0): Outgoing {
  const empty = { topic: 'orders', key: null, value: Buffer.alloc(0), headers: [], timestamp: 1, partition }
  return { ...empty, value: Buffer.alloc(size - sizeOf(empty)) }
}

/** The sizes of the batches in which messages are sent. */
async function batches (...messages: readonly Outgoing[]): Promise<number[]> {
  const { transport, producer } = build()
  const published = messages.map((each) => producer.publish(each))
  while (producer.pending > 0) {
    await turn()
    transport.sends.at(-1)?.succeed()
    await turn()
  }
  await Promise.all(published)
  return transport.sends.map(({ records }) => records.length)
}

t.test('a batch holds exactly 2000 records', async (t) => {
  for (const [count, expected] of [[1999, [1999]], [2000, [2000]], [2001, [2000, 1]]] as const) {
    t.same(await batches(...Array.from({ length: count }, () => sized(100))), expected, String(count))
  }
})

t.test('a batch holds exactly 512 KiB of one partition', async (t) => {
  const half = PARTITION_BYTES / 2
  t.same(await batches(sized(half), sized(half - 1)), [2])
  t.same(await batches(sized(half), sized(half)), [2])
  t.same(await batches(sized(half), sized(half + 1)), [1, 1])
  t.same(await batches(sized(half), sized(half + 1, 1)), [2], 'each partition has a limit of its own')
})

t.test('a record above 512 KiB is sent alone, one of exactly 512 KiB is not', async (t) => {
  for (const [size, expected] of [
    [PARTITION_BYTES - 1, [2]], [PARTITION_BYTES, [2]], [PARTITION_BYTES + 1, [1, 1]]
  ] as const) {
    t.same(await batches(sized(size), sized(100, 1)), expected, String(size))
  }
})

t.test('the queue takes exactly as many messages and bytes as its limits say', async (t) => {
  const full = { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' }
  const outcome = async (queue: { messages: number, bytes: number }, ...messages: Outgoing[]): Promise<string> => {
    const { transport, producer } = build(queue)
    const published = messages.map((each) => producer.publish(each).then(() => 'sent', ({ code }) => code))
    await turn()
    transport.sends[0]?.succeed()
    return (await Promise.all(published)).at(-1)!
  }
  for (const [messages, expected] of [[1, full.code], [2, 'sent'], [3, 'sent']] as const) {
    t.equal(await outcome({ messages, bytes: 1e9 }, sized(100), sized(100)), expected, `${messages} messages`)
  }
  for (const [bytes, expected] of [[999, full.code], [1000, 'sent'], [1001, 'sent']] as const) {
    t.equal(await outcome({ messages: 9, bytes }, sized(400), sized(600)), expected, `${bytes} bytes`)
  }
})

t.test('a publish is answered at its deadline, not before and not after', async (t) => {
  const { clock, producer } = build()
  let answer: unknown
  producer.publish(sized(100)).catch(({ code }) => { answer = code })
  await clock.advance(999)
  t.equal(answer, undefined)
  await clock.advance(1)
  t.equal(answer, 'FASTSTREAM_ERR_PUBLISH_TIMEOUT')
})
