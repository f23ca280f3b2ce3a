import t, { type Test } from 'tap'
import { Type } from '@sinclair/typebox'
import { response, type FaststreamOptions, type Middleware } from '../../index.js'
import { build as buildBatch } from '../support/batch-app.js'

const Result = Type.Object({ of: Type.String() })

/** An app whose handler of batches returns `results`, which are published to `out`. */
async function handle (
  t: Test, results: (values: string[]) => unknown, plugin: FaststreamOptions = {}, middlewares: Middleware[] = []
) {
  const batch = await buildBatch(t, {
    plugin,
    declare: (app) => {
      const key = (result: unknown) => (result as { of: string }).of
      return { publish: app.broker.publisher('out', { schema: { value: Result }, key }), middlewares }
    },
    take: (values) => results(values as string[])
  })
  const out = () => batch.broker.published('out').map(({ key, value }) => [key, (value as { of: string } | null)?.of])
  return { ...batch, out }
}

const of = (value: string) => ({ of: value })
const through: Middleware = { publishScope: async (next, command) => await next(command) }

for (const [title, middlewares] of [['', []], [', through middlewares', [through]]] as Array<[string, Middleware[]]>) {
  t.test(`each member of a list is published, its key stays with its value${title}`, async (t) => {
    const { broker, out, outcomes, publish } = await handle(t, (values) => [
      of(values[0]!), undefined, response(of(values[2]!), { key: 'own', headers: { tenant: 'a' } })
    ], {}, middlewares)
    await publish('a', 'b', 'c')
    t.same(out(), [['a', 'a'], ['own', 'c']])
    t.match(broker.published('out')[1]?.headers, { tenant: 'a' })
    t.same(outcomes(), ['acknowledged', 'acknowledged', 'acknowledged'])
  })

  t.test(`a result has the correlation id of its message, and a tombstone its key${title}`, async (t) => {
    const { broker, out } = await handle(t, () => [of('x'), null, of('z')], {}, middlewares)
    for (const i of [0, 1, 2]) await broker.publish('orders', 'v', { key: `k${i}`, correlationId: `c-${i}` })
    await broker.settled()
    t.same(out(), [['x', 'x'], ['k1', undefined], ['z', 'z']])
    t.same(broker.published('out').map(({ headers }) => headers.correlation_id), ['c-0', 'c-1', 'c-2'])
  })

  t.test(`a result that is refused makes a dead letter of its message alone${title}`, async (t) => {
    const { broker, out, calls, dead, outcomes, publish } = await handle(t, (values) => [
      { of: 1 }, of(values[1]!), response(of('z'), { partition: 7 })
    ], {}, middlewares)
    await publish('a', 'b', 'c')
    t.same(calls.length, 1, 'the handler is not run again')
    t.same(out(), [['b', 'b']])
    t.same(dead(), ['a', 'c'])
    t.same(outcomes(), ['dead-lettered', 'acknowledged', 'dead-lettered'])
    t.match(broker.errors, [
      { offset: 0n, stage: 'publish', error: { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' } },
      { offset: 2n, stage: 'publish', error: { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' } }
    ])
  })

  t.test(`a list of another length is of the whole batch: a result that is refused is, too${title}`, async (t) => {
    const good = await handle(t, (values) => [of(values.join('+')), null].slice(0, 1), {}, middlewares)
    await good.publish('a', 'b', 'c')
    t.same(good.out(), [['a+b+c', 'a+b+c']])
    const { correlation_id: first } = good.broker.published('orders')[0]!.headers
    t.equal(good.broker.published('out')[0]!.headers.correlation_id, first)
    const wrong = await handle(t, () => [of('x'), { of: 1 }], {}, middlewares)
    await wrong.publish('a', 'b', 'c')
    t.same([wrong.out(), wrong.dead(), wrong.calls.length], [[], ['a', 'b', 'c'], 1])
    t.match(wrong.broker.errors[0], { error: { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' } })
    const refused = await handle(t, () => [of('x'), response(of('y'), { partition: 7 })], {}, middlewares)
    await refused.publish('a', 'b', 'c')
    t.same([refused.out(), refused.dead()], [[['x', 'x']], ['a', 'b', 'c']])
    t.match(refused.broker.errors[0], { error: { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' } })
  })
}

t.test('what a middleware throws when its result is in the log makes a dead letter of its message', async (t) => {
  const late: Middleware = {
    publishScope: async (next, command) => {
      const stored = await next(command)
      if ((command.value as { of: string }).of === 'b') throw new Error('afterwards')
      return stored
    }
  }
  const { out, dead, outcomes, publish } = await handle(t, (values) => values.map(of), {}, [late])
  await publish('a', 'b', 'c')
  t.same(out(), [['a', 'a'], ['b', 'b'], ['c', 'c']])
  t.same([dead(), outcomes()], [['b'], ['acknowledged', 'dead-lettered', 'acknowledged']])
  const whole = await handle(t, () => [of('a'), of('b')], {}, [late])
  await whole.publish('a', 'b', 'c')
  t.same([whole.out(), whole.dead()], [[['a', 'a'], ['b', 'b']], ['a', 'b', 'c']])
  t.match(whole.broker.errors[0], { error: { message: 'afterwards' } })
})

t.test('a middleware that refuses a result of a list of another length fails all', async (t) => {
  const refusing: Middleware = {
    publishScope: async (next, command) => {
      if ((command.value as { of: string }).of === 'no') throw new Error('refused')
      return await next(command)
    }
  }
  const { broker, out, dead, publish } = await handle(t, () => [of('yes'), of('no')], {}, [refusing])
  await publish('a', 'b', 'c')
  t.same([out(), dead()], [[], ['a', 'b', 'c']])
  t.match(broker.errors[0], { error: { message: 'refused' } })
})

t.test('what is no list is refused where there are publishers', async (t) => {
  const { broker, calls, dead, publish } = await handle(t, () => of('all'))
  await publish('a', 'b', 'c')
  t.same([calls.length, dead()], [1, ['a', 'b', 'c']])
  t.match(broker.errors[0], {
    stage: 'publish', error: { code: 'FASTSTREAM_ERR_BATCH', message: /'takeBatch' must return a list of results/ }
  })
})

t.test('without publishers a result is told once, whatever it is', async (t) => {
  const take = (_values: unknown, _batch: unknown, call: number): unknown => call === 1 ? 1 : [2]
  const { lines, outcomes, publish } = await buildBatch(t, { size: 1, take })
  await publish('a', 'b')
  t.equal(lines.filter(({ msg }) => /handler returned a value, which is not published/.test(String(msg))).length, 1)
  t.same(outcomes(), ['acknowledged', 'acknowledged'])
})

t.test('results wait for the cluster, and a result with noConfirm is refused', async (t) => {
  const { dead, publish } = await handle(t, (values) => values.map((value) => {
    return value === 'b' ? response(of(value), { noConfirm: true } as never) : of(value)
  }))
  await publish('a', 'b', 'c')
  t.same(dead(), ['b'])
})
