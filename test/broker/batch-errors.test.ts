import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import {
  AckMessage, BatchError, NackMessage, RejectMessage, SkipMessage, StopConsume, type AckPolicy
} from '../../index.js'
import { notAuthorized } from '../../lib/missing-rights.js'
import { gate, Inbox } from '../support/inbox.js'
import { hear } from '../support/hear.js'
import { build } from '../support/batch-app.js'

t.test('BatchError settles what came before, retries that one by itself, and hands the rest over', async (t) => {
  const attempts: number[][] = []
  const { broker, calls, outcomes, publish } = await build(t, {
    size: 4,
    take: (values, { messages }) => {
      attempts.push(messages.map(({ attempt }) => attempt))
      const index = values.indexOf('bad')
      if (index !== -1 && attempts.length < 3) throw new BatchError(index, new Error('not yet'))
    }
  })
  await publish('a', 'bad', 'c', 'd')
  t.same(calls, [['a', 'bad', 'c', 'd'], ['bad'], ['bad'], ['c', 'd']])
  t.same(attempts, [[1, 1, 1, 1], [2], [3], [1, 1]])
  t.same(outcomes(), ['acknowledged', 'acknowledged', 'acknowledged', 'acknowledged'])
  t.match(broker.errors, [
    { offset: 1n, attempt: 1, stage: 'handler', error: { message: 'not yet' } },
    { offset: 1n, attempt: 2, stage: 'handler', error: { message: 'not yet' } }
  ])
})

t.test('without a retry left the message of a BatchError becomes a dead letter with its cause', async (t) => {
  const { broker, calls, outcomes, publish } = await build(t, {
    take: (values) => { if (values.includes('bad')) throw new BatchError(values.indexOf('bad'), new TypeError('why')) }
  })
  await publish('a', 'bad', 'c')
  t.same(calls, [['a', 'bad', 'c'], ['bad'], ['bad'], ['c']])
  t.same(outcomes(), ['acknowledged', 'dead-lettered', 'acknowledged'])
  t.match(broker.published('orders.dlq'), [{
    key: 'k1',
    value: 'bad',
    headers: {
      'x-dlq-error-class': 'TypeError', 'x-dlq-error-message': 'why', 'x-dlq-attempts': '3', 'x-dlq-offset': '1'
    }
  }])
})

t.test('several messages of a batch may fail, each with retries of its own', async (t) => {
  const { calls, dead, publish } = await build(t, {
    plugin: { retry: { retries: 1 } },
    size: 4,
    take: (values) => {
      const index = values.findIndex((value) => String(value).startsWith('bad'))
      if (index !== -1) throw new BatchError(index)
    }
  })
  await publish('bad 1', 'b', 'bad 2', 'd')
  t.same(calls, [
    ['bad 1', 'b', 'bad 2', 'd'], ['bad 1'], ['b', 'bad 2', 'd'], ['bad 2'], ['d']
  ])
  t.same(dead(), ['bad 1', 'bad 2'])
})

t.test('a decision in a BatchError is one about its message', async (t) => {
  const decisions = [new RejectMessage('no'), new SkipMessage(), new AckMessage()]
  const outcomesOf = ['dead-lettered', 'skipped', 'acknowledged']
  for (const [i, decision] of decisions.entries()) {
    const { calls, outcomes, publish } = await build(t, {
      take: (_values, _batch, call) => { if (call === 1) throw new BatchError(1, decision) }
    })
    await publish('a', 'b', 'c')
    t.same(calls, [['a', 'b', 'c'], ['c']], decision.name)
    t.same(outcomes(), ['acknowledged', outcomesOf[i], 'acknowledged'], decision.name)
  }
  const { calls, publish } = await build(t, {
    plugin: { retry: { retries: 0 } },
    take: (_values, _batch, call) => {
      if (call < 3) throw new BatchError(call === 1 ? 1 : 0, new NackMessage({ delay: 1 }))
    }
  })
  await publish('a', 'b', 'c')
  t.same(calls, [['a', 'b', 'c'], ['b'], ['b'], ['c']], 'NackMessage')
})

t.test('StopConsume in a BatchError settles what came before, and stops the subscriber', async (t) => {
  const stopped = hear(t, 'faststream.subscriber.stopped')
  const unsettled = hear(t, 'faststream.message.unsettled')
  const { app, broker, outcomes } = await build(t, { take: () => { throw new BatchError(1, new StopConsume()) } })
  for (const value of ['a', 'b', 'c']) await broker.publish('orders', value)
  while (unsettled.length < 2) await new Promise(setImmediate)
  await app.close()
  t.same(outcomes(), ['acknowledged'])
  t.same(unsettled.map(({ offset }) => offset), [1n, 2n])
  t.match(stopped, [{ subscriber: 'takeBatch' }])
})

t.test('another error makes the whole batch be handled again, and then dead letters of all', async (t) => {
  const { broker, calls, outcomes, dead, publish } = await build(t, {
    size: 2,
    take: (values) => { if (values.includes('bad')) throw new Error('down') }
  })
  await publish('a', 'bad', 'c', 'd')
  t.same(calls, [['a', 'bad'], ['a', 'bad'], ['a', 'bad'], ['c', 'd']])
  t.same(dead(), ['a', 'bad'])
  t.same(outcomes(), ['dead-lettered', 'dead-lettered', 'acknowledged', 'acknowledged'])
  t.same(broker.errors.map(({ offset, attempt }) => `${offset} ${attempt}`), ['0 1', '1 1', '0 2', '1 2', '0 3', '1 3'])
})

t.test('a BatchError that names no message of the batch concerns all of them', async (t) => {
  const { broker, calls, publish } = await build(t, {
    size: 2, take: (_values, _batch, call) => { if (call === 1) throw new BatchError(2, new Error('why')) }
  })
  await publish('a', 'b')
  t.same(calls, [['a', 'b'], ['a', 'b']])
  t.match(broker.errors[0], {
    error: {
      code: 'FASTSTREAM_ERR_BATCH',
      message: /'takeBatch' must name one of its 2 messages in BatchError, not message 2/,
      cause: { index: 2, cause: { message: 'why' } }
    }
  })
})

t.test('each policy treats a batch as a message', async (t) => {
  const expected: Record<AckPolicy, [calls: number, outcomes: unknown[]]> = {
    ACK_FIRST: [1, ['acknowledged', 'acknowledged']],
    ACK: [1, ['acknowledged', 'acknowledged']],
    REJECT_ON_ERROR: [3, ['dead-lettered', 'dead-lettered']],
    NACK_ON_ERROR: [5, ['acknowledged', 'acknowledged']],
    MANUAL: [5, ['acknowledged', 'acknowledged']]
  }
  for (const [ackPolicy, [count, ends]] of Object.entries(expected)) {
    const { calls, outcomes, publish } = await build(t, {
      size: 2,
      options: { ackPolicy: ackPolicy as AckPolicy },
      take: (_values, { ack }, call) => {
        if (call < 5) throw new Error('no')
        ack()
      }
    })
    await publish('a', 'b')
    t.same([calls.length, outcomes()], [count, ends], ackPolicy)
  }
})

t.test('BatchError under other policies: the rest is handled, unless it is settled already', async (t) => {
  const calls: Record<string, unknown> = {}
  for (const ackPolicy of ['ACK', 'ACK_FIRST', 'MANUAL'] as const) {
    const app = await build(t, {
      options: { ackPolicy },
      take: (_values, { ack }, call) => {
        if (call === 1) throw new BatchError(1, new RejectMessage('no'))
        ack()
      }
    })
    await app.publish('a', 'b', 'c')
    calls[ackPolicy] = [app.calls, app.outcomes()]
  }
  const all = ['a', 'b', 'c']
  t.same(calls, {
    ACK: [[all, ['c']], ['acknowledged', 'dead-lettered', 'acknowledged']],
    ACK_FIRST: [[all], ['acknowledged', 'acknowledged', 'acknowledged']],
    MANUAL: [[all, ['c']], ['acknowledged', 'dead-lettered', 'acknowledged']]
  })
})

t.test('a handler decides about its batch, and an error after that changes nothing', async (t) => {
  const decided: boolean[] = []
  const { calls, outcomes, dead, lines, publish } = await build(t, {
    size: 2,
    take: (_values, { ack, nack, reject }, call) => {
      if (call === 1) decided.push(nack({ delay: 1 }), ack())
      if (call === 2) decided.push(reject('no'))
      if (call < 3) return
      decided.push(ack())
      throw new BatchError(0, new Error('too late'))
    }
  })
  await publish('a', 'b', 'c', 'd')
  t.same(calls, [['a', 'b'], ['a', 'b'], ['c', 'd']])
  t.same(decided, [true, false, true, true])
  t.same(dead(), ['a', 'b'])
  t.same(outcomes(), ['dead-lettered', 'dead-lettered', 'acknowledged', 'acknowledged'])
  t.match(lines.find(({ msg }) => /it had decided already/.test(String(msg))), { offset: '2', messages: 2 })
})

t.test('MANUAL: a batch without a decision blocks its partition until it is acknowledged', async (t) => {
  const { opened, open } = gate()
  let ack!: () => boolean
  const { broker, calls, outcomes } = await build(t, {
    size: 2, options: { ackPolicy: 'MANUAL' }, take: (_values, batch) => { ack = batch.ack; open() }
  })
  for (const value of ['a', 'b', 'c', 'd']) await broker.publish('orders', value)
  await opened
  t.same([calls.length, outcomes()], [1, []])
  t.equal(ack(), true)
  await broker.publish('orders', 'e')
  while (calls.length < 2) await new Promise(setImmediate)
  t.same(outcomes(), ['acknowledged', 'acknowledged'])
  ack()
})

t.test('MANUAL: a batch of which nothing can be decoded blocks nothing', async (t) => {
  const { broker, calls, dead } = await build(t, {
    size: 1,
    options: { ackPolicy: 'MANUAL', schema: { value: { type: 'number' } } },
    take: (_values, batch) => { batch.ack() }
  })
  await broker.publish('orders', 'a')
  await broker.publish('orders', 1)
  await broker.settled()
  t.same([calls, dead()], [[[1]], ['a']])
})

t.test('a call that exceeds handlerTimeout is repeated as a whole, whatever it throws', async (t) => {
  const { calls, outcomes, publish } = await build(t, {
    size: 2,
    options: { handlerTimeout: 20 },
    take: async (_values, { signal }, call) => {
      if (call > 1) return
      await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
      throw new BatchError(1, signal.reason)
    }
  })
  await publish('a', 'b')
  t.same(calls, [['a', 'b'], ['a', 'b']])
  t.same(outcomes(), ['acknowledged', 'acknowledged'])
})

t.test('retryOn decides by the cause, once for each call', async (t) => {
  const asked: string[] = []
  const { calls, dead, publish } = await build(t, {
    options: { retry: { retryOn: (error) => { asked.push((error as Error).message); return false } } },
    take: (_values, _batch, call) => { throw call === 1 ? new BatchError(0, new Error('one')) : new Error('all') }
  })
  await publish('a', 'b', 'c')
  t.same(asked, ['one', 'all'])
  t.same(calls, [['a', 'b', 'c'], ['b', 'c']])
  t.same(dead(), ['a', 'b', 'c'])
})

t.test('a dead letter that fails in a batch again keeps its first origin', async (t) => {
  const inbox = new Inbox<unknown>()
  const { broker, publish } = await build(t, {
    size: 1,
    plugin: { retry: { retries: 0 } },
    declare: ({ broker }) => {
      broker.subscriber('orders.dlq', { batch: { maxSize: 1 } }, () => { throw new Error('no') })
      broker.subscriber('orders.dlq.dlq', (_, { headers }) => {
        inbox.add([headers['x-dlq-topic'], headers['x-dlq-offset']])
      })
    },
    take: () => { throw new Error('no') }
  })
  await publish('a', 'b')
  await broker.settled()
  t.same(await inbox.count(2), [['orders', '0'], ['orders', '1']])
})

t.test('a handler of batches that lacks the right to write a declared topic stops its subscriber', async (t) => {
  const { app, broker, calls, dead } = await build(t, {
    size: 1,
    declare: ({ broker }) => { broker.publisher('invoices') },
    take: () => { throw notAuthorized([{ operation: 'Write', resource: 'topic', name: 'invoices' }], undefined) }
  })
  const stopped = new Promise((resolve) => {
    subscribe('faststream.subscriber.stopped', resolve)
    t.teardown(() => unsubscribe('faststream.subscriber.stopped', resolve))
  })
  await broker.publish('orders', 'a')
  await stopped
  t.same([calls.length, dead()], [1, []])
  t.match(app.broker.health(), { healthy: false })
})
