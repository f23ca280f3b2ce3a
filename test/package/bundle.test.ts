import { execFile } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build, type Format } from 'esbuild'
import t, { type Test } from 'tap'

// `npm test` has built dist/ before it comes here.

const PROGRAM = `
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'

async function run () {
  const app = Fastify()
  await app.register(faststreamPlugin, JSON.parse(process.argv[2]))
  app.broker.publisher('orders')
  await app.ready()
  const { offset } = await app.broker.publish('orders', { id: 1 })
  const page = await app.inject('/asyncapi')
  console.log(JSON.stringify({ offset: String(offset), page: page.statusCode }))
  await app.close()
}
run().catch(({ code, message }) => { console.log(JSON.stringify({ code, message })) })
`

/** Bundles the program with all packages but kafkajs, and returns a function that runs it. */
async function bundle (t: Test, format: Format) {
  const folder = t.testdir({ 'package.json': '{}' })
  const entry = join('test', `.bundle-${format}.ts`)
  writeFileSync(entry, PROGRAM)
  t.teardown(() => promisify(execFile)('rm', [entry]))
  const outfile = join(folder, format === 'esm' ? 'app.mjs' : 'app.cjs')
  // Fastify itself is CommonJS and asks for Node's modules by require, which an ES module must be given.
  const banner: Record<string, string> = format === 'esm'
    ? {
        js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"
      }
    : {}
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    external: ['kafkajs'],
    banner,
    logLevel: 'error',
    logOverride: { 'empty-import-meta': 'silent' }
  })
  return {
    folder,
    run: async (options: object) => JSON.parse(
      (await promisify(execFile)(process.execPath, [
        outfile, JSON.stringify(options)
      ])).stdout.trim().split('\n').at(-1) as string
    )
  }
}

for (const format of ['esm', 'cjs'] as const) {
  t.test(`a bundle (${format}) runs without the page's files when the page is off`, async (t) => {
    const { run } = await bundle(t, format)
    t.same(await run({ transport: 'memory', asyncapi: false }), { offset: '0', page: 404 })
  })

  t.test(`a bundle (${format}) finds the kafkajs that was left out of it`, async (t) => {
    const { run } = await bundle(t, format)
    const nowhere = { brokers: ['127.0.0.1:1'], groupId: 'shop', connectTimeout: 500, asyncapi: false }
    t.match(await run(nowhere), { code: 'FASTSTREAM_ERR_CONNECT' })
  })

  t.test(`a bundle (${format}) with the page on says which files to copy, and runs with them`, async (t) => {
    const { run, folder } = await bundle(t, format)
    const copied = join(folder, 'static')
    t.match(await run({ transport: 'memory' }), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION',
      message: new RegExp(`'asyncapi' must be false.*${copied}.*asyncapi/site/static`)
    })
    cpSync('dist/lib/asyncapi/site/static', copied, { recursive: true })
    t.same(await run({ transport: 'memory' }), { offset: '0', page: 200 })
  })
}
