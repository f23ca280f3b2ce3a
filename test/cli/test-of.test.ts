import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { AppExport } from '../../lib/cli/find-app.js'
import { testOf } from '../../lib/cli/test-of.js'
import { Letter } from '../../lib/dead-letters/letter.js'
import { LetterDetails } from '../../lib/dead-letters/letter-details.js'
import { record } from '../support/memory-transport.js'

/** What the three apps have in common. `MENDED`: the fault is mended. */
const SHOP = `
import { faststreamPlugin } from 'fastify-faststream'
export async function shop (app, { topic = 'orders' } = {}) {
  await app.register(faststreamPlugin, { transport: 'memory', groupId: 'shop', asyncapi: false })
  app.broker.subscriber(topic, function takeOrder ({ id }, { headers, key }) {
    if (id !== 1 || headers.tenant !== 'a' || String(key) !== 'k') throw new Error('another message')
    if (!process.env.MENDED) throw new Error('no stock')
  })
}
`
const FILES = {
  'shop.js': SHOP,
  'app.js': "import Fastify from 'fastify'\nimport { shop } from './shop.js'\nexport const app = Fastify()\nawait shop(app)\n",
  'built.js': `import Fastify from 'fastify'
import { shop } from './shop.js'
export async function buildApp (options) {
  const app = Fastify()
  await shop(app, options)
  return app
}
export { buildApp as build, buildApp as default }
`,
  'plugin.js': "export { shop as default } from './shop.js'\nexport const options = { requestTimeout: 1000 }\n"
}
const KINDS: ReadonlyArray<{ file: string, exported: AppExport, options?: { topic: string } }> = [
  { file: 'app.js', exported: { name: 'app', kind: 'app' } },
  { file: 'built.js', exported: { name: 'buildApp', kind: 'builder' }, options: { topic: 'eu.orders' } },
  { file: 'built.js', exported: { name: 'build', kind: 'builder' } },
  { file: 'built.js', exported: { name: 'default', kind: 'builder' } },
  { file: 'plugin.js', exported: { name: 'default', kind: 'plugin' }, options: { topic: 'eu.orders' } },
  { file: 'plugin.js', exported: { name: 'default', kind: 'plugin' } }
]

/** A dead letter with the order 1. */
function letter (offset: bigint): LetterDetails {
  const headers = [
    ['content-type', 'application/json'], ['tenant', 'a'], ['x-dlq-topic', 'orders'], ['x-dlq-partition', '0'],
    ['x-dlq-offset', '7'], ['x-dlq-group', 'shop']
  ].map(([name = '', value = '']) => [name, Buffer.from(value)] as const)
  const written = record('orders.dlq', 0, '{"id":1}', { key: Buffer.from('k'), headers })
  const place = { topic: 'orders.dlq', partition: 0, offset }
  const verdict = { valid: true, violation: undefined } as const
  return new LetterDetails(new Letter(place, { ...written, offset, size: 0 }, false), verdict)
}

/** The output of a program, and its exit code. */
async function runOf (file: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null, out: string }> {
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [file], {
      env: { ...process.env, ...env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
    }, (_, out) => { resolve({ code: child.exitCode, out }) })
  })
}

t.test('the test of a letter fails as long as the app fails, and passes when it is mended', async (t) => {
  const folder = t.testdir({ ...FILES, 'all.js': KINDS.map((_, at) => `import './letter-${at}.js'\n`).join('') })
  for (const [at, { file, exported, options = {} }] of KINDS.entries()) {
    const { topic = 'orders' } = options as { topic?: string }
    const module = `./${file}`
    const text = testOf(letter(BigInt(at)), { topic, runner: 'tap', module, exported, options })
    await writeFile(join(folder, `letter-${at}.js`), text)
  }
  const all = join(folder, 'all.js')
  const broken = await runOf(all, {})
  t.equal(broken.code, 1)
  t.equal(broken.out.match(/^not ok/gm)?.length, KINDS.length)
  t.match(broken.out, 'no stock')
  t.notMatch(broken.out, 'another message')
  const mended = await runOf(all, { MENDED: '1' })
  t.equal(mended.code, 0)
  t.equal(mended.out.match(/^ok/gm)?.length, KINDS.length)
})

t.test('a test for vitest imports the app in the same way', async (t) => {
  const [{ file, exported }] = KINDS as [typeof KINDS[0]]
  const module = `./${file}`
  const text = testOf(letter(0n), { topic: 'orders', runner: 'vitest', module, exported, options: {} })
  t.match(text, "import { expect, test } from 'vitest'\n")
  t.match(text, 'import { app as exported } from "./app.js"\n')
  t.match(text, 'expect(errors).toEqual([])')
})
