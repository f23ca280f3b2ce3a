import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { build } from '../../examples/operated/app.js'
import { Store } from '../../examples/operated/store.js'
import { eventually } from '../conformance/eventually.js'

const TOKENS = { admin: 'a-secret', viewer: 'v-secret' }

function signedIn (name: keyof typeof TOKENS): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${name}:${TOKENS[name]}`).toString('base64')}` }
}

async function start (t: Test) {
  const store = new Store()
  const app = await build({}, { groupId: 'operated', transport: 'memory' }, store, TOKENS)
  t.teardown(() => app.close())
  await app.ready()
  async function place (id: string, total = 9): Promise<void> {
    const res = await app.inject({ method: 'POST', url: '/orders', payload: { id, total } })
    t.equal(res.statusCode, 202)
  }
  async function letters (): Promise<unknown[]> {
    const res = await app.inject({ url: '/ops/dead-letters', headers: signedIn('viewer') })
    return res.json<{ letters: unknown[] }>().letters
  }
  async function redrive (name: keyof typeof TOKENS, payload = {}) {
    const url = '/ops/dead-letters/redrive'
    return await app.inject({ method: 'POST', url, payload, headers: signedIn(name) })
  }
  return { app, store, place, letters, redrive }
}

t.test('operated: an order that failed is found, and redriven by whom the shop allows it', async (t) => {
  const { app, store, place, letters, redrive } = await start(t)
  store.isAway = true
  await place('1')
  await place('2', 2000)
  await eventually(async () => (await letters()).length === 2)
  for (const url of ['/ops/dead-letters', '/%6fps/dead-letters', '/asyncapi', '/asyncap%69/json']) {
    const anybody = await app.inject(url)
    t.equal(anybody.statusCode, 401)
    t.equal(anybody.headers['www-authenticate'], 'Basic realm="ops"')
  }
  const page = await app.inject({ url: '/asyncapi', headers: signedIn('viewer') })
  t.match(page.body, /data-letters/)
  t.equal((await redrive('viewer')).statusCode, 403)
  const dryRun = await redrive('admin', { dryRun: true })
  t.match(dryRun.json(), { redriven: 2, verdicts: [{ valid: true }, { valid: true }] })
  t.equal((await letters()).length, 2)
  store.isAway = false
  t.match((await redrive('admin', { code: 'ECONNREFUSED' })).json(), { redriven: 2, refused: [] })
  await eventually(async () => store.orders.has('1') && (await letters()).length === 1)
  t.match(await letters(), [{ trips: 1, deadLetter: { error: { code: 'E_LIMIT' } } }])
})

t.test('operated: while the store is away the orders wait, and the shop says that it is not ready', async (t) => {
  const { app, store, place, letters, redrive } = await start(t)
  store.isAway = true
  for (let id = 0; id < 40; id++) await place(String(id))
  await eventually(async () => !app.broker.health().healthy)
  t.equal((await app.inject('/ready')).statusCode, 503)
  t.match(app.broker.health().subscribers[0]?.breaker, { error: 'Error ECONNREFUSED' })
  store.isAway = false
  await eventually(async () => app.broker.health().healthy)
  const dead = (await letters()).length
  t.ok(dead < 10, `${dead} dead letters of 40 orders`)
  await redrive('admin')
  await eventually(async () => store.orders.size === 40)
  t.equal((await app.inject('/ready')).statusCode, 200)
})

t.test('operated: the command line knows the shop, without a cluster', async (t) => {
  const command = ['dist/lib/cli/main.js', 'describe', 'examples/operated/app.ts', '--json']
  const { stdout } = await promisify(execFile)(process.execPath, command, {
    env: { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
  })
  t.match(JSON.parse(stdout), {
    subscribers: [{ name: 'saveOrder', groupId: 'operated', deadLetterTopics: ['orders.dlq'] }],
    publishers: [{ topic: 'orders', hasSchema: true }]
  })
})
