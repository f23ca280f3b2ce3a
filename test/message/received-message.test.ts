import { inspect } from 'node:util'
import t from 'tap'
import { dependency, type Dependency } from '../../index.js'
import { DeclaredDependency } from '../../lib/deps/dependency.js'
import type { MessageSource } from '../../lib/message/received-message.js'
import { ReceivedMessage } from '../../lib/message/received-message.js'
import { attempt, sourceWith } from '../support/received.js'

const DECODED = { value: { a: 1 }, key: undefined, headers: undefined }

function received (source: Partial<MessageSource> = {}, decoded: object = {}) {
  const made = attempt([['tenant', Buffer.from('secret')]])
  return { ...made, message: new ReceivedMessage(sourceWith(source), made.delivery, { ...DECODED, ...decoded }) }
}

function declared (dep: Dependency<unknown>): DeclaredDependency {
  if (dep instanceof DeclaredDependency) return dep
  throw new TypeError('not declared')
}

t.test('a message has its place, its attempt and its parts', async (t) => {
  const { message, delivery } = received()
  t.match(message, { topic: 'orders', partition: 2, offset: 7n, attempt: 3, value: { a: 1 }, correlationId: 'c' })
  t.same([message.key, message.rawKey], [Buffer.from('k'), Buffer.from('k')])
  t.equal(message.signal, delivery.signal)
  t.same({ ...message.headers as object }, { tenant: 'secret' })
  t.equal(message.headers, message.headers)
  t.equal(received({ isKeyDecoded: true }, { key: 9 }).message.key, 9)
})

t.test('a message has the params of its topic, which are none without a pattern', async (t) => {
  t.same(received({ paramsOf: (topic) => ({ of: topic }) }).message.params, { of: 'orders' })
  for (const source of [{ paramsOf: () => undefined }, {}]) t.same(received(source).message.params, {})
})

t.test('logger and broker of a message are made once, and the broker is bound to it', async (t) => {
  const { message } = received()
  t.equal(message.log, message.log)
  t.match(message.log, { bindings: { subscriber: 'take', offset: '7' } })
  t.equal(message.broker, message.broker)
  t.equal(Reflect.get(message.broker, 'to'), message)
})

t.test('a handler decides once about its message, also by functions that it has taken out', async (t) => {
  const { message: { ack, nack, reject }, decisions } = received()
  t.same([ack(), nack({ delay: 5 }), reject('not ours')], [true, false, false])
  t.match(decisions, [
    { kind: 'ack' },
    { kind: 'nack', delay: 5, error: { name: 'NackMessage' } },
    { kind: 'reject', error: { name: 'RejectMessage', message: 'not ours' } }
  ])
})

t.test('what a subscriber declares is there at once, or when it is made', async (t) => {
  const rate = dependency(() => 2)
  const later = dependency(async () => 3)
  const { message } = received()
  t.same(message.deps, {})
  t.equal(ReceivedMessage.inject(message, new Map([['rate', declared(rate)]])), undefined)
  t.same(message.deps, { rate: 2 })
  const made = ReceivedMessage.inject(message, new Map([['later', declared(later)]]))
  t.same(message.deps, { rate: 2 })
  await made
  t.same(message.deps, { later: 3 })
  t.equal(await message.resolve(rate), 2)
  await t.rejects(message.resolve('rate' as never), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'dependency' must be what/
  })
})

t.test('code that waits for a decision gets the message with the operations of its attempt', async (t) => {
  const { message, whole, decisions, reasons } = received()
  const open = ReceivedMessage.readable(message)
  t.match(open, { message, isSettled: false })
  open.giveUp('closing')
  message.ack()
  t.equal(await open.decided(), decisions[0])
  whole.decision = decisions[0]
  open.giveUp('too late')
  t.same(reasons, ['closing'])
  t.equal(ReceivedMessage.readable(message).isSettled, true)
})

t.test('a message whose attempt was aborted throws the reason', async (t) => {
  const { message, whole } = received()
  ReceivedMessage.throwIfAborted(message)
  whole.aborted = new Error('no time')
  t.throws(() => { ReceivedMessage.throwIfAborted(message) }, whole.aborted)
})

t.test('a message is shown with its key as text, and without headers', async (t) => {
  const { message } = received()
  t.same(JSON.parse(JSON.stringify(message)), {
    topic: 'orders',
    partition: 2,
    offset: '7',
    key: 'k',
    value: { a: 1 },
    timestamp: '2023-11-14T22:13:20.000Z',
    attempt: 3,
    correlationId: 'c'
  })
  t.match(inspect(message), /^Message \{[^]*offset: 7n[^]*key: 'k'[^]*correlationId: 'c'/)
  for (const shown of [inspect(message), JSON.stringify(message)]) t.notMatch(shown, 'secret')
})

t.test('the headers of a dead letter count where the topic is that of dead letters of its origin', async (t) => {
  const headers = Object.entries({ topic: 'orders', offset: '7', stage: 'validate' }).map(([name, text]) => {
    return [`x-dlq-${name}`, Buffer.from(text)] as const
  })
  const letterOf = (isDeadLetterOf: MessageSource['isDeadLetterOf'], made = attempt([...headers])) => {
    return new ReceivedMessage(sourceWith({ isDeadLetterOf }), made.delivery, DECODED).deadLetter
  }
  t.match(letterOf((topic, origin) => topic === 'orders' && origin === 'orders'), { offset: 7n, stage: 'validate' })
  t.equal(letterOf(() => false), undefined)
  t.equal(letterOf(() => true, attempt()), undefined)
})
