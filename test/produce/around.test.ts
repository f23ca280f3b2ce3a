import t from 'tap'
import { surround } from '../../lib/events.js'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import type { MessagePublishContext } from '../../types/index.js'
import { BROKER, environmentOf } from '../support/environment.js'
import { FakeProducer } from '../support/fake-producer.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { record } from '../support/record.js'

function build () {
  const transport = new FakeProducer()
  const environment = environmentOf(new ManualClock())
  const settings = { deadline: 1000, queue: { messages: 100, bytes: 1e6 } }
  const producer = new Producer(transport, settings, environment)
  return { transport, producer, around: environment.events.around }
}

function message (options: Partial<Outgoing> = {}): Outgoing {
  return { topic: 'orders', key: null, value: Buffer.from('1'), headers: [], timestamp: 1, ...options }
}

t.test('code around a publish has its context, and what it adds to the headers is sent', async (t) => {
  const { transport, producer, around } = build()
  const contexts: MessagePublishContext[] = []
  surround(around, {
    attempt: async (_, work) => await work(),
    publish: async (context, work) => {
      contexts.push(context)
      context.headers.push(['trace', Buffer.from('1')])
      return await work()
    }
  })
  const [key, headers] = [Buffer.from('k'), [['a', null]] as Outgoing['headers']]
  const repliesTo = record(0n, 'v', { headers: [['reply_to', Buffer.from('answers')]] })
  const published = [
    producer.publish(message({ key, headers, partition: 2, repliesTo })), producer.publish(message({ value: null }))
  ]
  await turn()
  transport.sends[0]?.succeed()
  t.match(await Promise.all(published), [{ partition: 2, offset: 0n }, { partition: 0, offset: 1n }])
  t.match(contexts, [
    { ...BROKER, topic: 'orders', key, partition: 2, tombstone: false },
    { ...BROKER, topic: 'orders', key: null, partition: undefined, tombstone: true, repliedHeader: undefined }
  ])
  t.equal(contexts[0]?.repliedHeader?.('reply_to'), 'answers')
  t.same(headers, [['a', null]], 'the message itself stays as it was')
  const trace = ['trace', Buffer.from('1')]
  t.same(transport.sends[0]?.records.map(({ headers }) => headers), [[['a', null], trace], [trace]])
})

t.test('code that may be put around a publish is asked for with each one', async (t) => {
  const { transport, producer, around } = build()
  let looks = 0
  around.look = () => { looks++ }
  const published = [producer.publish(message()), producer.publish(message())]
  t.equal(looks, 2)
  await turn()
  transport.sends[0]?.succeed()
  await Promise.all(published)
})

t.test('what is in the queue is counted, until it is stored', async (t) => {
  const { transport, producer } = build()
  t.same(producer.queued, { messages: 0, bytes: 0 })
  const published = producer.publish(message())
  t.same(producer.queued, { messages: 1, bytes: 101 })
  await turn()
  transport.sends[0]?.succeed()
  await published
  t.same(producer.queued, { messages: 0, bytes: 0 })
})
