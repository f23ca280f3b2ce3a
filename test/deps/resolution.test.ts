import t from 'tap'
import { type DeclaredDependency, dependency } from '../../lib/deps/dependency.js'
import { Resolution } from '../../lib/deps/resolution.js'
import type { Dependencies, DependencyContext } from '../../types/index.js'
import { gate } from '../support/inbox.js'
import { logLines } from '../support/log-lines.js'
import { ManualClock, turn } from '../support/manual-clock.js'

function build (overrides: ReadonlyMap<DeclaredDependency, DeclaredDependency> = new Map()) {
  const clock = new ManualClock()
  const log = logLines()
  const events: string[] = []
  const resolution = new Resolution({ log } as unknown as DependencyContext, { clock, cleanupTimeout: 1000, overrides })
  function tracked (name: string, needs: Dependencies = {}) {
    return dependency(name, needs, async function * () {
      events.push(`begin ${name}`)
      try {
        yield name
        events.push(`commit ${name}`)
      } catch (error) {
        events.push(`rollback ${name}: ${(error as Error).message}`)
        throw error
      }
    })
  }
  async function resolveAll (deps: Dependencies): Promise<Record<string, unknown>> {
    return await resolution.resolveAll(new Map(Object.entries(deps) as Array<[string, DeclaredDependency]>))
  }
  async function close (failure?: { readonly error: unknown }): Promise<void> {
    await resolution.close(failure)
  }
  return { clock, log, events, resolution, close, tracked, resolveAll }
}

t.test('factories may be functions, async functions, generators and async generators', async (t) => {
  const { close, resolveAll } = build()
  const ended: string[] = []
  const deps = {
    plain: dependency(() => 1),
    promised: dependency(async () => 2),
    generated: dependency(function * () { yield 3; ended.push('generated') }),
    both: dependency(async function * () { yield 4; ended.push('both') })
  }
  t.same(await resolveAll(deps), { plain: 1, promised: 2, generated: 3, both: 4 })
  await close()
  t.same(ended, ['both', 'generated'])
})

t.test('each is made once, also when several need it at the same time', async (t) => {
  const { resolution, resolveAll } = build()
  const { opened, open } = gate()
  let made = 0
  const client = dependency(async () => { made++; await opened; return { made } })
  const one = dependency({ client }, ({ client }) => client)
  const two = dependency({ client, one }, ({ client, one }) => [client, one])
  const all = resolveAll({ one, two, client })
  await turn()
  open()
  const resolved = await all
  t.equal(made, 1)
  t.equal(resolved.one, resolved.client)
  t.equal((resolved.two as unknown[])[1], resolved.client)
  t.equal(await resolution.resolve(client as unknown as DeclaredDependency), resolved.client, 'also later')
})

t.test('independent ones are made side by side, dependants after what they need', async (t) => {
  const { events, resolveAll } = build()
  const [first, second] = [gate(), gate()]
  const slow = dependency(async () => { events.push('slow'); await first.opened })
  const other = dependency(async () => { events.push('other'); await second.opened })
  const after = dependency({ slow, other }, () => { events.push('after') })
  const all = resolveAll({ after })
  await turn()
  t.same(events, ['slow', 'other'])
  first.open()
  await turn()
  t.same(events, ['slow', 'other'])
  second.open()
  await all
  t.same(events, ['slow', 'other', 'after'])
})

t.test('what is cleaned up is so in the reverse order of the starts, and once', async (t) => {
  const { events, close, tracked, resolveAll } = build()
  const client = tracked('client')
  const orders = tracked('orders', { client })
  await resolveAll({ orders, audit: tracked('audit') })
  const begun = events.filter((event) => event.startsWith('begin')).map((event) => event.slice(6))
  await Promise.all([close(), close()])
  t.same(events.slice(3), begun.reverse().map((name) => `commit ${name}`))
})

t.test('what failed is thrown at the yield, and to hand it on is no failure', async (t) => {
  const { events, log, close, tracked, resolveAll } = build()
  const client = tracked('client')
  await resolveAll({
    orders: tracked('orders', { client }), silent: dependency(function * () { try { yield } catch {} })
  })
  await close({ error: new Error('no stock') })
  t.same(events, ['begin client', 'begin orders', 'rollback orders: no stock', 'rollback client: no stock'])
  t.same(log.lines, [])
})

t.test('a clean-up that fails is the failure, and fails those after it', async (t) => {
  const { events, log, close, tracked, resolveAll } = build()
  const client = tracked('client')
  const failing = dependency('failing', { client }, async function * () { yield 1; throw new Error('commit failed') })
  const last = tracked('last', { failing })
  await resolveAll({ last })
  await t.rejects(close(), { message: 'commit failed' })
  t.same(events, ['begin client', 'begin last', 'commit last', 'rollback client: commit failed'])
  t.same(log.lines, ['error the clean-up of a dependency failed'])
  t.match(log.details, [{ dependency: 'failing' }])
})

t.test('a rollback that fails in another way is a failure, too', async (t) => {
  const { close, resolveAll } = build()
  await resolveAll({ broken: dependency(function * () { try { yield } catch { throw new Error('no connection') } }) })
  await t.rejects(close({ error: new Error('no stock') }), { message: 'no connection' })
})

t.test('when one fails, the others end first, and what was made can be cleaned up', async (t) => {
  const { events, close, tracked, resolveAll } = build()
  const { opened, open } = gate()
  const slow = dependency(async function * () {
    await opened
    try { yield } finally { events.push('slow is cleaned up') }
  })
  const failing = dependency(async () => { throw new Error('no connection') })
  const dependant = tracked('dependant', { failing, slow })
  const all = resolveAll({ dependant, client: tracked('client') }).catch((error) => { events.push(error.message) })
  await turn()
  t.same(events, ['begin client'])
  open()
  await all
  await close({ error: new Error('no connection') })
  t.same(events, ['begin client', 'no connection', 'rollback client: no connection', 'slow is cleaned up'])
})

t.test('a close waits for what is still being made', async (t) => {
  const { events, resolution, close } = build()
  const { opened, open } = gate()
  const late = dependency(async function * () {
    await opened
    yield
    events.push('cleaned up')
  }) as unknown as DeclaredDependency
  const asked = resolution.resolve(late)
  const closed = close()
  await turn()
  t.same(events, [])
  open()
  await asked
  await closed
  t.same(events, ['cleaned up'])
  t.ok(resolution.closed)
  const tooLate = dependency('too late', () => 1) as unknown as DeclaredDependency
  await t.rejects(Promise.resolve(resolution.resolve(tooLate)), {
    code: 'FASTSTREAM_ERR_DEPENDENCY_DONE', message: /'too late'/
  })
})

t.test('a generator that yields never or twice is an error that names it', async (t) => {
  const { close, resolveAll } = build()
  await t.rejects(resolveAll({ x: dependency(async function * never () {}) }), {
    code: 'FASTSTREAM_ERR_DEPENDENCY_YIELD', message: /'never' yielded never/
  })
  let ended = false
  await resolveAll({ x: dependency(async function * twice () { try { yield 1; yield 2 } finally { ended = true } }) })
  await t.rejects(close(), { code: 'FASTSTREAM_ERR_DEPENDENCY_YIELD', message: /'twice' yielded twice/ })
  t.ok(ended)
})

t.test('a clean-up that hangs is left after its time, named, and the others go on', async (t) => {
  const { clock, events, log, close, tracked, resolveAll } = build()
  const client = tracked('client')
  await resolveAll({
    stuck: dependency('stuck', { client }, async function * () { yield; await new Promise(() => {}) })
  })
  const closed = close()
  closed.catch(() => {})
  await clock.advance(999)
  t.same(events, ['begin client'])
  await clock.advance(1)
  await t.rejects(closed, { code: 'FASTSTREAM_ERR_CLEANUP_TIMEOUT', message: /'stuck' did not end within 1000 ms/ })
  t.match(events[1], /^rollback client: the clean-up of dependency 'stuck'/)
  t.match(log.details, [{ dependency: 'stuck' }])
})

t.test('what fails after its time is logged', async (t) => {
  const { clock, log, close, resolveAll } = build()
  const { opened, open } = gate()
  await resolveAll({
    slow: dependency('slow', async function * () { yield; await opened; throw new Error('no connection') })
  })
  const closed = close()
  closed.catch(() => {})
  await clock.advance(1000)
  await t.rejects(closed, { code: 'FASTSTREAM_ERR_CLEANUP_TIMEOUT' })
  open()
  await turn()
  t.match(log.details[1], { err: { message: 'no connection' }, dependency: 'slow' })
})

t.test('an override takes the place of a dependency, wherever it is needed', async (t) => {
  const client = dependency(() => 'real')
  const fake = dependency(() => 'fake')
  const { resolveAll } = build(new Map([[client, fake]]) as unknown as Map<DeclaredDependency, DeclaredDependency>)
  t.same(
    await resolveAll({ client, orders: dependency({ client }, ({ client }) => `orders of ${client}`) }),
    { client: 'fake', orders: 'orders of fake' }
  )
})

t.test('dependencies are named by hand, or as their factories', async (t) => {
  t.equal(dependency('client', () => 1).name, 'client')
  t.equal(dependency(function client () {}).name, 'client')
  t.equal(dependency(() => 1).name, 'anonymous')
  t.equal(dependency('orders', { one: dependency(() => 1) }, ({ one }) => one).name, 'orders')
})

t.test('what is no dependency is refused', async (t) => {
  const wrong: Array<[unknown[], RegExp]> = [
    [[], /'factory' must be a function/],
    [['name'], /'factory' must be a function/],
    [[{}], /'factory' must be a function/],
    [[null, () => {}], /'needs' must be an object/],
    [[{ client: () => {} }, () => {}], /'needs.client' must be what dependency\(\) returned/]
  ]
  for (const [args, message] of wrong) {
    t.throws(() => (dependency as (...args: unknown[]) => unknown)(...args), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message
    })
  }
})
