import t from 'tap'
import { Type } from '@sinclair/typebox'
import {
  AckMessage, BatchError, dependency, NackMessage, RejectMessage, SkipMessage, StopConsume,
  type AnyMessage, type Codec, type ErrorDecision, type FailedMessage, type MessageBatch, type Subscriber,
  type UndecodedMessage
} from '../../index.js'
import { hear, hearTrace } from '../support/hear.js'
import { build } from '../support/batch-app.js'

const Order = Type.Object({ id: Type.String() })
const order = (id: string) => ({ id })

t.test('dependencies are made once for a call, and see how it ends', async (t) => {
  const seen: string[] = []
  const unit = dependency(function * unit (_, { source, correlationId }) {
    seen.push(`made for ${source.kind === 'message' ? source.message.offset : ''} ${correlationId}`)
    try {
      yield { name: 'unit' }
      seen.push('commit')
    } catch (error) {
      seen.push(`rollback: ${(error as Error).message}`)
      throw error
    }
  })
  const { broker, calls } = await build(t, {
    declare: () => ({ deps: { unit } }),
    take: async (_values, batch, call) => {
      t.same(batch.deps, { unit: { name: 'unit' } })
      t.equal(await batch.resolve(unit), (batch.deps as { unit: unknown }).unit)
      if (call === 1) throw new BatchError(1, new Error('why'))
    }
  })
  for (const i of [0, 1, 2]) await broker.publish('orders', 'v', { correlationId: `c-${i}` })
  await broker.settled()
  t.equal(calls.length, 3)
  t.same(seen, [
    'made for 0 c-0', 'rollback: why', 'made for 1 c-1', 'commit', 'made for 2 c-2', 'commit'
  ])
})

t.test('moments are called once for a call: the first message stands for the batch', async (t) => {
  const seen: unknown[] = []
  const note = (moment: string, { offset, batch }: UndecodedMessage | AnyMessage): void => {
    const messages: ReadonlyArray<{ offset: bigint }> = batch === undefined || 'messages' in batch
      ? batch?.messages ?? []
      : batch
    seen.push([moment, offset, messages.map(({ offset }) => offset)])
  }
  const same = new WeakSet<object>()
  const { publish, outcomes } = await build(t, {
    options: { schema: { value: Order } },
    declare: () => ({
      middlewares: [{
        onReceive: (message) => { note('receive', message); same.add(message) },
        consumeScope: async (next, message) => {
          note('consume', message)
          t.equal(message.batch?.messages[0], message)
          return await next()
        },
        afterProcessed: (error, message) => { note(`after ${error?.message}`, message); t.ok(same.has(message)) }
      }]
    }),
    take: (_values, _batch, call) => { if (call === 1) throw new BatchError(1, new Error('why')) }
  })
  await publish('wrong', order('b'), order('c'))
  t.same(seen, [
    ['receive', 0n, [0n, 1n, 2n]], ['consume', 1n, [1n, 2n]], ['after why', 0n, [0n, 1n, 2n]],
    ['receive', 2n, [2n]], ['consume', 2n, [2n]], ['after undefined', 2n, [2n]]
  ])
  t.same(outcomes(), ['dead-lettered', 'acknowledged', 'acknowledged'])
})

t.test('a middleware may replace the result, refuse a batch, and see a single message without a batch', async (t) => {
  const seen: unknown[] = []
  const { app, calls, outcomes, publish } = await build(t, {
    declare: (app) => {
      app.broker.addMiddleware({
        onReceive: ({ batch }) => { seen.push(batch) },
        consumeScope: async (next, message) => {
          seen.push(message.batch)
          if (message.value === 'skip') throw new SkipMessage()
          return await next()
        }
      })
      app.broker.subscriber('single', () => {})
    }
  })
  await publish('skip', 'b', 'c')
  t.same([calls, outcomes()], [[], ['skipped', 'skipped', 'skipped']])
  seen.length = 0
  await app.broker.publish('single', 1)
  while (seen.length < 2) await new Promise(setImmediate)
  t.same(seen, [undefined, undefined])
})

/** What an error handler saw of each failure, and what became of the messages. */
async function answered (t: Parameters<typeof build>[0], decision: (failed: FailedMessage) => ErrorDecision | void) {
  const asked: Array<[stage: string, offset: bigint, value: unknown]> = []
  const built = await build(t, {
    options: { schema: { value: Order } },
    declare: (app) => {
      app.broker.publisher('later')
      app.broker.setErrorHandler((_error, failed) => {
        asked.push([failed.stage, failed.offset, failed.message?.value])
        t.equal(failed.signal.aborted, false)
        return decision(failed)
      })
      return { publish: app.broker.publisher('answers') }
    },
    take: (values, _batch, call) => {
      const blamed = values.findIndex((value) => (value as { id: string }).id === 'blamed')
      if (blamed !== -1 && call === 1) throw new BatchError(blamed, new Error('why'))
      if (blamed === -1 && values.some((value) => (value as { id: string }).id === 'bad')) throw new Error('all')
    }
  })
  return { ...built, asked }
}

t.test('error handlers are asked about the call, the message that is blamed, and an invalid one', async (t) => {
  const { asked, outcomes, publish } = await answered(t, () => ({ action: 'acknowledge' }))
  await publish(order('a'), order('blamed'), 'invalid', order('bad'), order('e'), order('f'))
  t.same(asked, [
    ['handler', 1n, order('blamed')], ['validate', 2n, undefined], ['handler', 3n, order('bad')]
  ])
  t.same(outcomes(), Array(6).fill('acknowledged'))
})

t.test('what an error handler decides counts for each message that is concerned', async (t) => {
  const forward = await answered(t, () => ({ action: 'forward', topic: 'later', headers: { reason: 'r' } }))
  await forward.publish(order('a'), order('blamed'), 'invalid', order('bad'), order('e'), order('f'))
  t.match(forward.broker.published('later'), [
    { key: 'k1', value: order('blamed'), headers: { reason: 'r' } }, { key: 'k2', value: 'invalid' },
    { key: 'k3', value: order('bad') }, { key: 'k4', value: order('e') }, { key: 'k5', value: order('f') }
  ])
  t.same(forward.outcomes(), ['acknowledged', ...Array(5).fill('forwarded')])

  const reply = await answered(t, ({ offset }) => ({ action: 'reply', value: `answer ${offset}` }))
  await reply.publish(order('a'), order('blamed'), 'invalid')
  t.same(reply.broker.published('answers').map(({ value }) => value), ['answer 1', 'answer 2'])
  t.same(reply.outcomes(), ['acknowledged', 'acknowledged', 'acknowledged'])

  const dead = await answered(t, () => ({ action: 'dead-letter' }))
  await dead.publish(order('bad'), order('b'), order('c'))
  t.same([dead.calls.length, dead.outcomes()], [1, Array(3).fill('dead-lettered')])

  let retries = 0
  const retry = await answered(t, () => ++retries < 3 ? { action: 'retry', delay: 0 } : undefined)
  await retry.publish(order('a'), order('b'), 'invalid')
  t.same(retry.asked.map(([stage, offset]) => [stage, offset]), Array(3).fill(['validate', 2n]))
  t.same(retry.outcomes(), ['acknowledged', 'acknowledged', 'dead-lettered'])
})

t.test('events name each message of a batch, and a trace the first one', async (t) => {
  const events = (['started', 'failed', 'retried', 'dead-lettered', 'settled'] as const).map((name) => {
    return [name, hear(t, `faststream.message.${name}`)] as const
  })
  const trace = hearTrace<{ offset: bigint, outcome?: string }>(t, 'faststream.message.process')
  const { lines, publish } = await build(t, {
    size: 2,
    plugin: { retry: { retries: 1 }, messageLogLevel: 'info' },
    take: () => { throw new Error('no') }
  })
  await publish('a', 'b')
  t.same(events.map(([name, heard]) => [name, ...heard.filter(({ topic }) => topic === 'orders').map((event) => {
    return 'attempt' in event ? `${event.offset} ${event.attempt}` : String((event as { offset: bigint }).offset)
  })]), [
    ['started', '0 1', '1 1', '0 2', '1 2'], ['failed', '0 1', '1 1', '0 2', '1 2'], ['retried', '0 1', '1 1'],
    ['dead-lettered', '0 2', '1 2'], ['settled', '0', '1']
  ])
  t.same(trace.filter(({ phase }) => phase === 'asyncEnd').map(({ context }) => [context.offset, context.outcome]), [
    [0n, 'failed'], [0n, 'failed']
  ])
  const again = lines.find(({ msg }) => msg === 'handler failed, it will be run again')
  t.match(again, { offset: '0', messages: 2, subscriber: 'takeBatch', attempt: 1 })
  t.match(lines.filter(({ msg }) => msg === 'message completed'), [
    { offset: '0', attempts: 2, outcome: 'dead-lettered' }, { offset: '1', attempts: 2, outcome: 'dead-lettered' }
  ])
})

t.test('each message of a call is told to end, as it ended', async (t) => {
  const [started, ended] = [hear(t, 'faststream.message.started'), hear(t, 'faststream.message.ended')]
  const completed = hear(t, 'faststream.message.completed')
  const { publish } = await build(t, {
    size: 4,
    options: { schema: { value: Order } },
    take: (_values, _batch, call) => { if (call === 1) throw new BatchError(1, new RejectMessage('no')) }
  })
  await publish('wrong', order('a'), order('bad'), order('c'))
  t.same(started.filter(({ topic }) => topic === 'orders').map(({ offset }) => offset), [0n, 1n, 2n, 3n, 3n])
  t.same(ended.filter(({ topic }) => topic === 'orders').map(({ offset, outcome, error }) => {
    return [offset, outcome, error !== undefined]
  }), [
    [0n, 'failed', true], [1n, 'settled', false], [2n, 'failed', true], [3n, 'unsettled', false],
    [3n, 'settled', false]
  ])
  t.match(completed.filter(({ topic }) => topic === 'orders'), [
    { offset: 0n, outcome: 'dead-lettered' }, { offset: 1n, outcome: 'acknowledged' },
    { offset: 2n, outcome: 'dead-lettered' }, { offset: 3n, outcome: 'acknowledged' }
  ])
})

t.test('the breaker holds a batch while all attempts fail alike', async (t) => {
  const opened = hear(t, 'faststream.breaker.opened')
  const { broker, calls, outcomes } = await build(t, {
    size: 2,
    options: { breaker: { minimum: 2, ratio: 0.5, window: 60_000 }, retry: { retries: 0 } },
    take: (_values, _batch, call) => { if (call < 4) throw new Error('down') }
  })
  for (const value of ['a', 'b', 'c', 'd']) await broker.publish('orders', value)
  await broker.settled({ timeout: 20_000 })
  t.equal(opened.length, 1)
  t.same(calls.at(-1), ['c', 'd'])
  t.ok(outcomes().slice(2).every((outcome) => outcome === 'acknowledged'), String(outcomes()))
})

t.test('a batch that the breaker holds is left unsettled when the app closes', async (t) => {
  const opened = hear(t, 'faststream.breaker.opened')
  const unsettled = hear(t, 'faststream.message.unsettled')
  const { app, broker } = await build(t, {
    size: 2,
    options: { breaker: { minimum: 2, ratio: 0.5, window: 60_000 }, retry: { retries: 0 } },
    take: () => { throw new Error('down') }
  })
  for (const value of ['a', 'b', 'c', 'd']) await broker.publish('orders', value)
  while (opened.length === 0) await new Promise(setImmediate)
  await app.close()
  t.same(unsettled.map(({ offset }) => offset).slice(-2), [0n, 1n])
})

t.test('a late call is told for each of its messages', async (t) => {
  const late = hear(t, 'faststream.message.late')
  const { app, publish } = await build(t, {
    size: 2,
    options: { handlerTimeout: 10 },
    take: async (_values, { signal }, call) => {
      if (call > 1) return
      await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
      while (late.length === 0) await new Promise(setImmediate)
      t.match(app.broker.health().subscribers, [{ healthy: false, partitions: [{ late: 0n }] }])
    }
  })
  await publish('a', 'b')
  t.same(late.map(({ offset }) => offset), [0n, 1n])
})

t.test('what a message of a batch publishes has its correlation id; the batch has that of the first', async (t) => {
  const ids: unknown[] = []
  const { broker } = await build(t, {
    size: 2,
    declare: (app) => { app.broker.publisher('out') },
    take: async (_values, batch) => {
      await batch.broker.publish('out', 'batch', { partition: 0 })
      for (const message of batch.messages) await message.broker.publish('out', 'one', { partition: 0 })
      ids.push(batch.messages.map(({ correlationId }) => correlationId))
      batch.log.info('of the batch')
    }
  })
  for (const i of [0, 1]) await broker.publish('orders', 'v', { correlationId: `c-${i}` })
  await broker.settled()
  t.same(broker.published('out').map(({ headers }) => headers.correlation_id), ['c-0', 'c-0', 'c-1'])
  t.same(ids, [['c-0', 'c-1']])
})

/** A codec that decodes text, and does what its message says. `seen`: told of each of its calls. */
function wilful (seen: (text: string) => number = () => 1): Codec {
  return {
    contentType: 'text/plain',
    encode: (value) => Buffer.from(String(value)),
    async decode (value) {
      const text = String(value)
      const times = seen(text)
      if (text === 'reject') throw new RejectMessage('no')
      if (text === 'skip') throw new SkipMessage()
      if (text === 'ack') throw new AckMessage()
      if (text === 'broken') throw new Error('broken')
      if (text === 'nack' && times < 3) throw new NackMessage({ delay: 0 })
      if (text === 'stop') throw new StopConsume()
      return text
    }
  }
}

t.test('a codec that is async decodes each message, and its decisions are taken', async (t) => {
  const seen: string[] = []
  const codec = wilful((text) => {
    seen.push(text)
    return seen.filter((each) => each === text).length
  })
  const { broker, calls, outcomes, dead, publish } = await build(t, { size: 5, options: { codec } })
  await publish('a', 'reject', 'skip', 'broken', 'e')
  t.same(calls, [['a', 'e']])
  t.same(outcomes(), ['acknowledged', 'dead-lettered', 'skipped', 'dead-lettered', 'acknowledged'])
  t.same(dead(), ['reject', 'broken'])
  t.match(broker.errors.map(({ stage }) => stage), ['rejected', 'deserialize'])
  await publish('f', 'nack', 'h', 'skip', 'ack')
  t.same(calls[1], ['f', 'nack', 'h'], 'a nack is one about the whole batch')
  t.same(outcomes().slice(5), ['acknowledged', 'acknowledged', 'acknowledged', 'skipped', 'acknowledged'])
  t.equal(seen.filter((text) => text === 'nack').length, 3)
})

t.test('a codec that stops its subscriber, or takes too long, leaves the batch as it is', async (t) => {
  const stopping = await build(t, { size: 2, options: { codec: wilful() } })
  const stopped = hear(t, 'faststream.subscriber.stopped')
  await stopping.broker.publish('orders', 'a')
  await stopping.broker.publish('orders', 'stop')
  while (stopped.length === 0) await new Promise(setImmediate)
  t.same([stopping.calls, stopping.outcomes()], [[], []])

  for (const failure of [undefined, new Error('cancelled')]) {
    let decoded = 0
    const slow: Codec = {
      ...wilful(),
      async decode (value, { signal }) {
        if (++decoded > 1) return String(value)
        await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
        if (failure !== undefined) throw failure
        return String(value)
      }
    }
    const { calls, outcomes, publish } = await build(t, { size: 2, options: { codec: slow, handlerTimeout: 20 } })
    await publish('a', 'b')
    t.same([calls, outcomes()], [[['a', 'b']], ['acknowledged', 'acknowledged']])
  }
})

t.test('pause() keeps what is left of a batch waiting until resume()', async (t) => {
  const settled = hear(t, 'faststream.message.settled')
  const orders: Subscriber[] = []
  const { broker, subscriber, calls } = await build(t, {
    take: (_values, _batch, call) => {
      if (call > 1) return
      orders[0]?.pause()
      throw new BatchError(1, new RejectMessage('no'))
    }
  })
  orders.push(subscriber)
  for (const value of ['a', 'b', 'c']) await broker.publish('orders', value)
  while (settled.filter(({ topic }) => topic === 'orders').length < 2) await new Promise(setImmediate)
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  t.same(calls, [['a', 'b', 'c']])
  subscriber.resume()
  await broker.settled()
  t.same(calls, [['a', 'b', 'c'], ['c']])
})

t.test('a batch goes through routers and functions whose names say the topic', async (t) => {
  const batches: MessageBatch[] = []
  const { broker } = await build(t, {
    declare: (app) => {
      app.broker.consumes({ batch: { maxSize: 2, timeout: 60_000 } }, function onClicks (_values, batch) {
        batches.push(batch)
      })
    }
  })
  for (const value of [1, 2]) await broker.publish('clicks', value, { partition: 0 })
  await broker.settled()
  t.same(batches.map(({ messages }) => messages.length), [2])
})
