import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { startPostgres } from '../support/postgres.js'
import { runExample } from '../support/run-example.js'

/* Each folder of examples/ runs as `npm run example` runs it, in memory, and has a test of what it does. */

/** In an environment that names no cluster and no database of its own. */
const { KAFKA_BROKERS, ...ENV } = process.env

/** The page of `operated` is for its operators; the others do not ask. */
const SIGNED_IN = { authorization: `Basic ${Buffer.from('viewer:viewer').toString('base64')}` }

const EXAMPLES = readdirSync('examples')

t.test('the examples are folders, and each has its test', async (t) => {
  t.ok(EXAMPLES.length > 3)
  for (const name of EXAMPLES) t.ok(existsSync(`test/examples/${name}.test.ts`), name)
})

for (const name of EXAMPLES.filter((name) => name !== 'shop')) {
  t.test(`${name} listens, and ends on SIGTERM`, async (t) => { await listensAndEnds(t, name, ENV) })
}

const postgres = await startPostgres()
const missing = typeof postgres === 'string' ? { skip: postgres } : {}
t.teardown(() => typeof postgres === 'string' ? undefined : postgres.stop())

t.test('shop listens, and ends on SIGTERM', missing, async (t) => {
  if (typeof postgres === 'string') return
  const pool = await postgres.pool('select 1')
  const { host, user, database, options, connectionString } = pool.options
  await pool.end()
  await listensAndEnds(t, 'shop', {
    ...ENV, PGHOST: host, PGUSER: user, PGDATABASE: database, PGOPTIONS: options, DATABASE_URL: connectionString
  })
})

t.test('a name that no example has is answered with those that there are', async (t) => {
  const run = promisify(execFile)(process.execPath, ['--import', 'tsx', 'scripts/example.ts', 'nope'], { env: ENV })
  await t.rejects(run, { code: 1, stderr: `npm run example <name>, one of ${EXAMPLES.join(', ')}\n` })
})

async function listensAndEnds (t: Test, name: string, env: NodeJS.ProcessEnv): Promise<void> {
  const example = await runExample(t, name, env)
  const res = await fetch(`http://localhost:${example.port}/asyncapi/json`, { headers: SIGNED_IN })
  t.equal(res.status, 200)
  t.match(example.log, /in-memory broker/)
  t.equal(await example.stop(), 0)
}
