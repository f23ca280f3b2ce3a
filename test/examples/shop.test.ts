import { Type } from '@sinclair/typebox'
import fc from 'fast-check'
import { dependency } from 'fastify-faststream'
import { testBroker } from 'fastify-faststream/testing'
import pg from 'pg'
import t, { type Test } from 'tap'
import { build } from '../../examples/shop/app.js'
import { orders, tables } from '../../examples/shop/orders.js'
import { startPostgres, type Postgres } from '../support/postgres.js'

type App = Awaited<ReturnType<typeof build>>

const postgres = await startPostgres()
const missing = typeof postgres === 'string' ? postgres : undefined
t.teardown(() => typeof postgres === 'string' ? undefined : postgres.stop())

/** The shop on a database of its own; `prepare` is called before it is ready. */
async function open (t: Test, { sql = '', prepare }: { sql?: string, prepare?: (app: App) => void } = {}) {
  const pool = await (postgres as Postgres).pool(tables + sql, 5)
  const app = await build({}, { retry: { retries: 2 } }, pool)
  t.teardown(() => app.close())
  prepare?.(app)
  const broker = await testBroker(app)
  return {
    app,
    pool,
    broker,
    place: (total: number) => app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total } }),
    async rows (table: 'orders' | 'invoices'): Promise<string[]> {
      return (await pool.query(`select * from ${table} order by 1`)).rows.map((row) => Object.values(row).join(' '))
    }
  }
}

/** Every connection is back in the pool, and no request waits for one. */
function noneLeaked (t: Test, { idleCount, totalCount, waitingCount }: pg.Pool): void {
  t.same({ idleCount, waitingCount }, { idleCount: totalCount, waitingCount: 0 }, 'no connection is leaked')
}

t.test('the shop needs no database where its orders are replaced', async (t) => {
  const app = await build({}, {}, new pg.Pool({ host: '/nowhere' }))
  t.teardown(() => app.close())
  const saved: string[] = []
  const broker = await testBroker(app, {
    overrides: [[
      orders,
      () => ({
        save: async ({ id }) => { saved.push(id) }, invoice: async ({ id, total }) => ({ orderId: id, amount: total })
      })
    ]]
  })
  t.equal((await app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9 } })).statusCode, 202)
  await broker.settled()
  t.same(saved, ['1', '1'])
  t.match(broker.published('invoices'), [{ key: '1', value: { orderId: '1', amount: 9 } }])
})

t.test('the shop on PostgreSQL', missing === undefined ? {} : { skip: missing }, async (t) => {
  t.test('an order and its invoice are in the books', async (t) => {
    const { broker, place, pool, rows } = await open(t)
    t.equal((await place(9)).statusCode, 202)
    await broker.settled()
    t.same([await rows('orders'), await rows('invoices')], [['1 9'], ['1 9']])
    t.match(broker.published('invoices'), [{ key: '1', value: { orderId: '1', amount: 9 } }])
    t.same(broker.errors, [])
    noneLeaked(t, pool)
  })

  t.test('a message that is redelivered changes nothing', async (t) => {
    const { broker, rows } = await open(t)
    for (let i = 0; i < 2; i++) await broker.publish('orders', { id: '1', total: 9 }, { key: '1' })
    await broker.settled()
    t.same([await rows('orders'), await rows('invoices')], [['1 9'], ['1 9']])
    t.same(broker.errors, [])
  })

  t.test('a route that throws has written nothing', async (t) => {
    const { app, pool, rows } = await open(t, {
      prepare (app) {
        app.post('/fails', { config: { deps: { orders } } }, async ({ deps }) => {
          await deps.orders.save({ id: '1', total: 9 })
          throw new Error('no stock')
        })
      }
    })
    t.match(await app.inject({ method: 'POST', url: '/fails' }), { statusCode: 500, body: /no stock/ })
    t.same(await rows('orders'), [])
    noneLeaked(t, pool)
  })

  t.test('a commit that fails is a 500, and of a handler nothing is published', async (t) => {
    const sql = `
      create function refuse() returns trigger language plpgsql
        as $$ begin raise exception 'the books are closed'; end $$;
      create constraint trigger refused after insert on orders
        deferrable initially deferred for each row execute function refuse();
    `
    const { broker, place, pool, rows } = await open(t, { sql })
    t.match(await place(9), { statusCode: 500, body: /the books are closed/ })
    await broker.settled()
    t.equal(broker.errors.length, 3)
    t.match(broker.errors, [{ stage: 'handler', error: { message: 'the books are closed' } }])
    t.equal(broker.published('orders.dlq').length, 1)
    t.same(broker.published('invoices'), [])
    t.same([await rows('orders'), await rows('invoices')], [[], []])
    noneLeaked(t, pool)
  })

  t.test('a handler that fails is rolled back and run again', async (t) => {
    // A sequence is the one thing that no rollback takes back.
    const sql = `
      create sequence tries;
      create function fail_once() returns trigger language plpgsql as $$ begin
        if nextval('tries') = 1 then raise exception 'no ink, % order', (select count(*) from orders); end if;
        return new;
      end $$;
      create trigger failing before insert on invoices for each row execute function fail_once();
    `
    const { broker, pool, rows } = await open(t, { sql })
    const seen: string[][] = []
    pool.on('release', () => { seen.push([]) })
    await broker.publish('orders', { id: '1', total: 9 }, { key: '1' })
    await broker.settled()
    t.match(broker.errors, [{ attempt: 1, stage: 'handler', error: { message: 'no ink, 1 order' } }])
    t.equal(seen.length, 2, 'each run has a transaction of its own')
    t.same([await rows('orders'), await rows('invoices')], [['1 9'], ['1 9']])
    t.equal(broker.published('invoices').length, 1)
    noneLeaked(t, pool)
  })

  t.test('a connection that is lost fails its request, and nothing else', async (t) => {
    const { app, broker, place, pool } = await open(t, {
      prepare (app) {
        app.post('/fails', { config: { deps: { orders } } }, async ({ deps, server }) => {
          await deps.orders.save({ id: '2', total: 9 })
          await server.pool.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and query like 'insert into orders%'"
          )
          await deps.orders.save({ id: '3', total: 9 })
        })
      }
    })
    t.equal((await app.inject({ method: 'POST', url: '/fails' })).statusCode, 500)
    t.equal((await place(9)).statusCode, 202)
    await broker.settled()
    noneLeaked(t, pool)
  })

  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  t.test(`200 failing requests and messages leave correct books (SEED=${seed})`, async (t) => {
    const fates = fc.sample(fc.constantFrom('well', 'well', 'factory', 'handler', 'clean-up'), { numRuns: 400, seed })
    const plan = fates.map((fate, i) => ({ id: String(i), fate, kind: i < 200 ? 'request' : 'message' }))
    const { app, broker, pool, rows } = await open(t, {
      prepare (app) {
        const fate = dependency({ orders }, async function * (_, { header }) {
          const fate = header('x-fate')
          if (fate === 'factory') throw new Error(fate)
          yield fate
          if (fate === 'clean-up') throw new Error(fate)
        })
        const task = dependency({ orders, fate }, ({ orders, fate }) => async (id: string) => {
          await orders.save({ id, total: 1 })
          if (fate === 'handler') throw new Error(fate)
          return id
        })
        app.post(
          '/tasks/:id',
          { schema: { params: Type.Object({ id: Type.String() }) }, config: { deps: { task } } },
          async ({ deps, params }) => await deps.task(params.id)
        )
        app.broker.subscriber(
          'tasks',
          // More than half of them fail, as the breaker would notice.
          { deps: { task }, publish: app.broker.publisher('done'), breaker: false },
          async (id, { deps }) => await deps.task(id as string)
        )
      }
    })
    const statuses = await Promise.all(plan.map(async ({ id, fate, kind }) => {
      const headers = { 'x-fate': fate }
      if (kind === 'message') await broker.publish('tasks', id, { key: id, headers })
      else return (await app.inject({ method: 'POST', url: `/tasks/${id}`, headers })).statusCode
    }))
    await broker.settled({ timeout: 20_000 })

    const [well, failed] = [plan.filter(({ fate }) => fate === 'well'), plan.filter(({ fate }) => fate !== 'well')]
    t.same(statuses.slice(0, 200), plan.slice(0, 200).map(({ fate }) => fate === 'well' ? 200 : 500))
    t.same((await rows('orders')).sort(), well.map(({ id }) => `${id} 1`).sort())
    t.same(
      broker.published('done').map(({ value }) => value).sort(),
      well.filter(({ kind }) => kind === 'message').map(({ id }) => id).sort()
    )
    t.equal(broker.published('tasks.dlq').length, failed.filter(({ kind }) => kind === 'message').length)
    noneLeaked(t, pool)
  })
})
