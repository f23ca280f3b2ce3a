import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../lib/cli/run.js'
import { faststream } from '../support/faststream.js'
import { Inbox } from '../support/inbox.js'
import { cluster } from './apps/shop.js'

const SHOP = join(import.meta.dirname, 'apps/shop.ts')

async function serve (t: Test, file: string) {
  const [lines, ending] = [new Inbox<string>(), new AbortController()]
  t.teardown(() => { ending.abort() })
  const out = { write: (text: string) => { lines.add(text) } }
  const code = run(['docs', 'serve', file, '--port', '0'], out, process.stderr, ending.signal)
  const [line] = await lines.count(1)
  const [address = ''] = /http:\S+/.exec(line!) ?? []
  const stop = async () => {
    ending.abort()
    return await code
  }
  return { stop, get: async (path: string) => await (await fetch(address + path)).text() }
}

t.test('docs serve shows the page and the document of an app, and contacts no cluster', async (t) => {
  const { get, stop } = await serve(t, SHOP)
  const page = await get('/')
  t.match(page, /<!doctype html>/)
  t.notMatch(page, 'data-publish')
  t.match(await get(`/asyncapi/static/${/static\/(page\.\w+\.js)/.exec(page)?.[1]}`), /\w/)
  t.match(JSON.parse(await get('/asyncapi/json')), { asyncapi: '3.0.0', channels: { orders: {} } })
  t.match(await get('/asyncapi/yaml'), /^asyncapi: /)
  t.equal(cluster.partitions('orders').length, 0)
  t.equal(await stop(), 0)
})

t.test('docs serve shows a file that docs build has written, as JSON and as YAML', async (t) => {
  const folder = t.testdir({})
  for (const [file, ...options] of [['a.json'], ['a.yaml', '--yaml']] as const) {
    const path = join(folder, file)
    t.match(await faststream('docs', 'build', SHOP, '--out', path, ...options), { code: 0 })
    const { get, stop } = await serve(t, path)
    t.match(JSON.parse(await get('/asyncapi/json')), { channels: { orders: {} } })
    t.equal(await stop(), 0)
  }
})

t.test('what is no document is told', async (t) => {
  const folder = t.testdir({})
  for (const [text, err] of [['{"openapi":"3"}', /no AsyncAPI document/], ['{', /no YAML or JSON/]] as const) {
    await writeFile(join(folder, 'a.json'), text)
    t.match(await faststream('docs', 'serve', join(folder, 'a.json')), { code: 2, err })
  }
})

t.test('docs serve --watch is supervised, and ends by a signal', async (t) => {
  const call = { write () {} }
  t.equal(await run(['docs', 'serve', SHOP, '--watch', '--port', '0'], call, call, AbortSignal.abort()), 0)
})
