import t from 'tap'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import ts from 'typescript'
import type { Locator } from 'playwright-core'
import faststreamPlugin, { type AsyncapiDocument } from '../../index.js'
import { listen, shoot, violations, visit } from './fixture.js'
import { shop } from './shop.js'

/** What a shell gives a program: its arguments, then its input. */
function run (command: string): string[] {
  const programs = 'show () { for arg; do printf "%s\\0" "$arg"; done; cat; }; kcat () { show "$@"; }; curl () { show "$@" </dev/null; }'
  return execFileSync('sh', ['-c', `${programs}; ${command}`], {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit']
  }).split('\0')
}

async function blocks (operation: Locator): Promise<Record<string, string>> {
  await operation.locator('.snippets > summary').click()
  await operation.locator('.snippets .code').first().waitFor()
  return Object.fromEntries(await operation.locator('.snippets .body > div').evaluateAll(
    (blocks) => blocks.map(
      (block) => [block.querySelector('h5')?.textContent ?? '', block.querySelector('pre')?.textContent ?? '']
    )
  ))
}

t.test('commands to copy do what they say', async (t) => {
  const { url, broker } = await listen(t, await shop({ publish: { authorize: () => true } }))
  const { page, problems } = await visit(t, `${url}/asyncapi#/operations/priceOrder`, {
    permissions: ['clipboard-read', 'clipboard-write']
  })
  const operation = page.locator('#operation-priceOrder')
  const found = await blocks(operation)
  t.same(run(found['Read the last messages with kcat'] as string), [
    '-b', 'kafka.example.com:9092', '-t', 'orders.placed', '-C', '-o', '-10', '-e', '-f', '%p/%o %k %s\\n', ''
  ])
  const write = run(found['Write a message with kcat'] as string)
  t.same(write.slice(0, -1), [
    '-b',
    'kafka.example.com:9092',
    '-t',
    'orders.placed',
    '-P',
    '-k',
    '3f2c8a10-5b7e-4c1d-9a4f-0e6b2d7c8f91',
    '-H',
    'tenant=berlin'
  ])
  t.match(JSON.parse(write.at(-1) as string), { customer: { name: 'Ada Lovelace' } })
  const [target = '', , contentType, , body = ''] = run(found['Publish with curl, as this operation'] as string)
  t.equal(contentType, 'content-type: application/json')
  t.equal((await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status, 200)
  t.match(broker.published('orders.placed'), [{
    value: { customer: { name: 'Ada Lovelace' } }, headers: { tenant: 'berlin' }
  }])
  await operation.getByRole('button', { name: 'Copy the curl command' }).click()
  t.equal(
    await page.evaluate(async () => await navigator.clipboard.readText()), found['Publish with curl, as this operation']
  )
  t.same(await violations(page), [])
  await shoot(page, 'snippets')
  t.same(problems, [])
})

t.test('a TypeScript type to copy takes what its schema takes', async (t) => {
  const { url } = await listen(t, await shop())
  const { page, problems } = await visit(t, `${url}/asyncapi#/operations/priceOrder`)
  const { TypeScript: types = '' } = await blocks(page.locator('#operation-priceOrder'))
  t.same([...types.matchAll(/export type (\w+)/g)].map(([, name]) => name), ['Order', 'Line', 'Money', 'Category'])
  t.match(types, 'note?: string | null')
  t.match(types, /kind: "card"[^]*\} \| \{[^]*kind: "invoice"/)
  t.same(ts.transpileModule(types, { reportDiagnostics: true }).diagnostics, [])
  await page.goto(`${url}/asyncapi#/schemas/Category`)
  const category = page.locator('.operation[open]', { has: page.getByRole('heading', { name: 'Category' }) })
  await category.getByText('TypeScript').click()
  t.equal(
    await category.locator('.code pre').innerText(),
    'export type Category = {\n  name: string\n  within?: Category\n}\n'
  )
  t.same(problems, [])
})

t.test('a cluster with a password', async (t) => {
  const app = Fastify()
  const sasl = { mechanism: 'scram-sha-512', username: 'user', password: 'hunter2' } as const
  const topic = "it's $(id) `id` \"$HOME\" \\ -x"
  const transform = (document: AsyncapiDocument): AsyncapiDocument => {
    Object.assign(document.channels.orders as object, { address: topic })
    return document
  }
  await app.register(faststreamPlugin, {
    brokers: ['kafka:9093'], groupId: 'g', ssl: true, sasl, asyncapi: { transform }
  })
  app.broker.publisher('orders')
  const { url } = await listen(t, app)
  const { page } = await visit(t, `${url}/asyncapi#/operations/sendOrders`)
  const found = await blocks(page.locator('#operation-sendOrders'))
  t.same(run(`KAFKA_USER=me; KAFKA_PASSWORD=secret; ${found['Read the last messages with kcat']}`).slice(0, 12), [
    '-b', 'kafka:9093', '-X', 'security.protocol=SASL_SSL', '-X', 'sasl.mechanism=SCRAM-SHA-512', '-X', 'sasl.username=me', '-X', 'sasl.password=secret',
    '-t', topic
  ], 'nothing in a topic is run')
})

t.test('a host that is not shown is a variable of the shell, and a broker in memory has the usual one', async (t) => {
  const hidden = (document: AsyncapiDocument): AsyncapiDocument => {
    Object.assign(document.servers.default as object, { host: '{host}', variables: { host: {} } })
    return document
  }
  for (const [asyncapi, host] of [[{ transform: hidden }, 'kafka-1:9092'], [{}, 'localhost:9092']] as const) {
    const app = Fastify()
    await app.register(faststreamPlugin, { asyncapi })
    app.broker.publisher('orders')
    const { url } = await listen(t, app)
    const { page } = await visit(t, `${url}/asyncapi#/operations/sendOrders`)
    await page.locator('#operation-sendOrders[open] .facts').waitFor()
    const found = await blocks(page.locator('#operation-sendOrders'))
    t.equal(run(`KAFKA=kafka-1:9092; ${found['Read the last messages with kcat']}`)[1], host)
  }
})

t.test('the document can be downloaded', async (t) => {
  const app = await shop()
  const { url } = await listen(t, app)
  const { page, problems } = await visit(t, `${url}/asyncapi`)
  const [download] = await Promise.all([
    page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()
  ])
  t.equal(download.suggestedFilename(), 'shop.asyncapi.yaml')
  t.equal(readFileSync(await download.path(), 'utf8'), app.asyncapi({ yaml: true }))
  t.same(problems, [])
})
