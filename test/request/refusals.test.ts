import t, { type Test } from 'tap'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import { faststreamPlugin, NackMessage, RejectMessage, type Codec, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { memoryLog } from '../support/json-log.js'

/* Errors of the other side, and topics that are not answered. */

const schema = { value: Type.Object({ sku: Type.String() }), reply: Type.Object({ amount: Type.Number() }) }
const REPLIES = 'replies.fastify-faststream'

async function build (t: Test, options: FaststreamOptions = {}) {
  const log = memoryLog()
  const app = Fastify({ logger: { level: 'debug', stream: log.stream } }).withTypeProvider<TypeBoxTypeProvider>()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { retry: { retries: 1 }, ...options })
  return { app, log }
}

const refusal = (remoteCode: string) => ({ code: 'FASTSTREAM_ERR_REQUEST_REFUSED', remoteCode })

class OutOfStock extends Error {
  readonly code = 'OUT_OF_STOCK'
}

t.test('an error of the other side arrives with its code, and nothing else of it', async (t) => {
  const { app } = await build(t)
  let attempts = 0
  app.broker.subscriber('quotes', { schema }, ({ sku }) => {
    attempts++
    if (sku === 'none') throw new OutOfStock('password=secret')
    if (sku === 'odd') throw new TypeError('secret')
    if (sku === 'codeless') throw Object.assign(new RangeError('secret'), { code: '' })
    if (sku === 'nameless') throw Object.assign(new Error('secret'), { code: '', name: '' })
    if (sku === 'reject') throw new RejectMessage('secret')
    if (sku === 'again' && attempts < 3) throw new NackMessage()
    return { amount: sku === 'wrong' ? 'x' as never : 1 }
  })
  const broker = await testBroker(app)
  const ask = (sku: unknown): Promise<unknown> => app.broker.request('quotes', { sku })
  await t.rejects(ask('none'), {
    code: 'FASTSTREAM_ERR_REQUEST_REFUSED',
    statusCode: 502,
    remoteCode: 'OUT_OF_STOCK',
    message: /the error OUT_OF_STOCK/
  })
  t.equal(attempts, 2, 'when its retries were exhausted')
  attempts = 0
  t.same(await ask('again'), { amount: 1 })
  await t.rejects(ask('odd'), refusal('TypeError'))
  await t.rejects(ask('codeless'), refusal('RangeError'))
  await t.rejects(ask('nameless'), refusal(''))
  await t.rejects(ask('reject'), refusal('RejectMessage'))
  await t.rejects(ask({}), refusal('FASTSTREAM_ERR_VALIDATION'))
  await t.rejects(ask('wrong'), refusal('FASTSTREAM_ERR_INVALID_MESSAGE'), 'a reply is checked before it leaves')
  await broker.settled()
  t.equal(broker.published('quotes.dlq').length, 7, 'each is a dead letter, too')
  const text = JSON.stringify(broker.published(REPLIES).map(({ headers, value }) => ({ headers, value })))
  t.notMatch(text, /secret/)
})

t.test('a failure of a message that asks for no reply is not answered', async (t) => {
  const { app, log } = await build(t, { retry: { retries: 0 } })
  app.broker.subscriber('quotes', { schema }, () => { throw new OutOfStock() })
  const broker = await testBroker(app, { allowFailures: true })
  await broker.publish('quotes', { sku: 'a' })
  await broker.settled()
  t.equal(broker.published('quotes.dlq').length, 1)
  t.same(log.lines.filter(({ msg }) => String(msg).includes('could not be published')), [])
  t.throws(() => broker.published(REPLIES), /has no topic/)
})

t.test('policies that settle a failure, and messages that no case takes, are answered with the error', async (t) => {
  const { app } = await build(t, { deadLetter: false })
  const fails = (): never => { throw new OutOfStock() }
  app.broker.subscriber('ack', { schema: { reply: Type.Any() }, ackPolicy: 'ACK' }, fails)
  app.broker.subscriber('first', { schema: { reply: Type.Any() }, ackPolicy: 'ACK_FIRST' }, fails)
  app.broker.subscriber('discarded', { schema: { reply: Type.Any() } }, fails)
  app.broker.subscriber('cases', {
    by: ({ headers }) => headers.type,
    cases: {
      mute: { handler: () => 1 },
      price: { schema: { reply: Type.Object({ amount: Type.Number() }) }, handler: () => ({ amount: 1 }) }
    }
  })
  await testBroker(app, { allowFailures: true })
  for (const topic of ['ack', 'first', 'discarded']) {
    await t.rejects(app.broker.request(topic, 1), refusal('OUT_OF_STOCK'), topic)
  }
  t.same(await app.broker.request('cases', 1, { headers: { type: 'price' } }), { amount: 1 })
  await t.rejects(
    app.broker.request('cases', 1, { headers: { type: 'x' } }), refusal('FASTSTREAM_ERR_UNMATCHED')
  )
})

t.test('an error handler answers with a value, or forwards the question', async (t) => {
  const { app } = await build(t)
  app.broker.setErrorHandler((_, { topic }) => {
    return topic === 'first' ? { action: 'forward', topic: 'second' } : { action: 'reply', value: { amount: 9 } }
  })
  app.broker.subscriber('first', { schema }, () => { throw new OutOfStock() })
  app.broker.subscriber('second', { schema }, () => { throw new OutOfStock() })
  const broker = await testBroker(app, { allowFailures: true })
  t.same(await app.broker.request('first', { sku: 'a' }), { amount: 9 })
  await broker.settled()
  t.equal(broker.published(REPLIES).length, 1)
})

t.test('a reply that cannot be read is an error of its request', async (t) => {
  const { app } = await build(t)
  app.broker.subscriber('quotes', { schema: { reply: Type.Any() } }, (value) => value)
  const quotes = app.broker.publisher('quotes', { schema: { reply: schema.reply } })
  await testBroker(app)
  await t.rejects(quotes.request({ amount: 'x' }), {
    code: 'FASTSTREAM_ERR_REPLY',
    statusCode: 502,
    message: /'quotes' cannot be used: value\/amount must be number/,
    cause: { code: 'FASTSTREAM_ERR_VALIDATION' }
  })
  t.same(await quotes.request({ amount: '1' }), { amount: 1 }, 'it is converted as every received value')
})

t.test('a codec that refuses a reply, and a reply that is too large, are errors of their requests', async (t) => {
  const { app } = await build(t, { bodyLimit: 1000 })
  const lines: Codec = {
    contentType: 'text/plain',
    encode: (value) => Buffer.from(String(value)),
    decode (data) {
      const text: unknown = JSON.parse(String(data))
      if (text === 'no') throw new RejectMessage('secret')
      return text
    }
  }
  app.broker.subscriber('texts', { schema: { reply: Type.Any() } }, (value) => {
    return value === 'long' ? 'x'.repeat(2000) : value === 'refused' ? 'no' : value
  })
  const texts = app.broker.publisher('texts', { codec: lines })
  await testBroker(app)
  t.equal(await texts.request('a'), 'a')
  await t.rejects(texts.request('refused'), {
    code: 'FASTSTREAM_ERR_REPLY', message: /^(?!.*secret)/, cause: { message: 'secret' }
  })
  await t.rejects(texts.request('long'), { code: 'FASTSTREAM_ERR_REPLY', message: /more than 'bodyLimit' \(1000\)/ })
})

t.test('only allowed reply topics are answered', async (t) => {
  const { app, log } = await build(t, { topicPrefix: 'eu.', clientId: 'shop 1' })
  app.broker.subscriber('quotes', { schema }, () => ({ amount: 1 }))
  app.broker.publisher('replies.mine')
  app.broker.publisher('orders')
  const broker = await testBroker(app)
  const ask = (headers: Record<string, string>) => broker.publish('eu.quotes', { sku: 'a' }, { key: 'k', headers })
  t.same(await app.broker.request('eu.quotes', { sku: 'a' }), { amount: 1 }, 'the own topic is allowed')
  await ask({ reply_to: 'eu.orders' })
  await ask({ reply_to: 'replies.x' })
  for (const text of ['x', 'x1', '1x']) await ask({ reply_to: 'eu.replies.mine', reply_partition: text })
  await ask({ reply_to: 'eu.replies.mine', reply_partition: '1' })
  await ask({ reply_to: 'eu.replies.mine', reply_partition: '7' })
  await ask({ reply_to: 'eu.replies.mine', reply_partition: '70' })
  await ask({ reply_to: 'eu.replies.nowhere' })
  await ask({ reply_to: 'eu.replies.mine' })
  await broker.settled()
  t.match(broker.published('eu.replies.shop-1'), [{ value: { amount: 1 } }])
  t.same(broker.published('eu.orders'), [])
  t.equal(broker.published('eu.replies.mine').length, 2)
  t.equal(broker.published('eu.replies.mine')[0]!.partition, 1)
  t.same(broker.errors, [], 'what cannot be answered is handled all the same')
  const refused = log.lines.filter(({ msg }) => /is not answered/.test(String(msg)))
  t.match(refused, [
    { level: 40, replyTo: 'eu.orders', reason: /replies\.allowed/, topic: 'eu.quotes' },
    { replyTo: 'replies.x' },
    ...Array(3).fill({ replyTo: 'eu.replies.mine', reason: /reply_partition is no number/ })
  ])
  t.equal(refused.length, 5)
  const failed = log.lines.filter(({ msg }) => /without confirmation/.test(String(msg)))
  t.same(failed.map(({ topic, err }) => [topic, (err as { code: string }).code]).sort(), [
    ['eu.replies.mine', 'FASTSTREAM_ERR_UNKNOWN_PARTITION'], ['eu.replies.mine', 'FASTSTREAM_ERR_UNKNOWN_PARTITION'],
    ['eu.replies.nowhere', 'FASTSTREAM_ERR_UNKNOWN_TOPIC']
  ])
})

t.test('no warning follows a message that asks for no reply, nor a result that is the reply', async (t) => {
  const { app, log } = await build(t)
  app.broker.subscriber('quotes', { schema }, () => ({ amount: 1 }))
  const broker = await testBroker(app)
  t.same(await app.broker.request('quotes', { sku: 'a' }), { amount: 1 })
  await broker.publish('quotes', { sku: 'a' })
  await broker.publish('quotes', { sku: 'a' }, { headers: { reply_to: '' } })
  await broker.settled()
  t.same(log.lines.filter(({ level }) => level >= 40), [])
})

t.test('the option replies names the topic and what is allowed', async (t) => {
  const { app } = await build(t, { replies: { topic: 'answers', allowed: ['answers', 'other.*'] } })
  app.broker.subscriber('quotes', { schema }, () => ({ amount: 1 }))
  app.broker.publisher('other.one')
  const broker = await testBroker(app)
  t.same(await app.broker.request('quotes', { sku: 'a' }), { amount: 1 })
  await broker.publish('quotes', { sku: 'a' }, { headers: { reply_to: 'other.one' } })
  await broker.publish('quotes', { sku: 'a' }, { headers: { reply_to: 'answers2' } })
  await broker.settled()
  t.equal(broker.published('answers').length, 1)
  t.equal(broker.published('other.one').length, 1)
  for (const allowed of ['', 'a*b', 'a b', 7, ['ok', '']]) {
    await t.rejects(build(t, { replies: { allowed: allowed as never } }), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'replies.allowed' must be a topic/
    })
  }
  await t.rejects(build(t, { replies: { topic: 'a b' } }), {
    code: 'FASTSTREAM_ERR_INVALID_TOPIC', message: /replies.topic/
  })
  await t.rejects(build(t, { replies: { topics: 'a' } as never }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('an error reply that cannot be written is logged, and its message is settled', async (t) => {
  const { app, log } = await build(t, {
    middlewares: [{
      publishScope: (next, command) => {
        if (command.topic === REPLIES) throw new Error('no replies today')
        return next(command)
      }
    }]
  })
  app.broker.subscriber('quotes', { schema }, () => ({ amount: 1 }))
  const broker = await testBroker(app)
  await t.rejects(app.broker.request('quotes', { sku: 'a' }, { timeout: 3000 }), {
    code: 'FASTSTREAM_ERR_REQUEST_TIMEOUT'
  })
  await broker.settled()
  t.match(broker.errors, [{ stage: 'publish', error: { message: 'no replies today' } }])
  t.equal(broker.published('quotes.dlq').length, 1)
  t.match(log.lines.filter(({ msg }) => /the error that answers a message could not be published/.test(msg)), [
    { level: 40, err: { message: 'no replies today' }, topic: 'quotes' }
  ])
})
