import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../lib/cli/run.js'
import { Inbox } from '../support/inbox.js'
import { faststream } from '../support/faststream.js'

const APPS = join(import.meta.dirname, 'apps')
const SERVED = join(APPS, 'served.js')

interface Answer { readonly id: string, readonly asked: object, readonly handled: readonly unknown[] }

/** Runs an app in this process, until `stop`. */
async function start (t: Test, ...argv: string[]) {
  const [lines, ending] = [new Inbox<string>(), new AbortController()]
  t.teardown(() => { ending.abort() })
  let err = ''
  const out = { write: (text: string) => { lines.add(text) } }
  const code = run(['run', ...argv], out, { write: (text) => { err += text } }, ending.signal)
  const [line] = await Promise.race([
    lines.count(1), code.then((code) => { throw new Error(`it ended with ${code}: ${err}`) })
  ])
  const [address = ''] = /http:[^ "]+/.exec(line!) ?? []
  const stop = async () => {
    ending.abort()
    return await code
  }
  return { line, address, code, stop, get: async (path = '/') => await (await fetch(address + path)).text() }
}

t.test('a plugin is served, with what stands behind -- as its options, and reads its topics', async (t) => {
  const flags = ['--no-fast', '--eu=true', '--us=false', '--dry-run']
  const behind = ['--', '--name', 'a', '--count', '7', '--tag=x', '--tag=y', ...flags]
  const { line, get, stop } = await start(t, SERVED, '--port', '0', ...behind)
  t.match(line, /^listening at http:\/\/\S+:\d+ \(pid \d+\)\n$/)
  await get()
  const answer = JSON.parse(await get()) as Answer
  t.same(answer.asked, { name: 'a', count: 7, fast: false, tag: ['x', 'y'], eu: true, us: false, dryRun: true })
  t.equal(answer.handled[0], 1)
  t.equal(await stop(), 0)
  await t.rejects(get(), 'the server is closed')
})

t.test("a module's 'options' are those of the server", async (t) => {
  const { address, stop } = await start(t, SERVED, '--port', '0', '--json')
  const answer = await fetch(address, { headers: { 'x-served': 'mine' } })
  t.match(await answer.json(), { id: 'mine' })
  t.equal(await stop(), 0)
})

t.test('a function, and an app that is exported, are served; only the former takes options', async (t) => {
  for (const file of ['built.ts', 'exported.ts']) {
    const { line, stop } = await start(t, join(APPS, file), '--port', '0', '--json')
    t.match(JSON.parse(line!), { event: 'listening', address: String, pid: process.pid })
    t.equal(await stop(), 0)
  }
  const refused = await faststream('run', join(APPS, 'exported.ts'), '--', '--name', 'a')
  t.match(refused, { code: 2, err: /takes no options behind --/ })
})

t.test('a program that listens by itself does not listen twice', async (t) => {
  const { get, stop } = await start(t, join(APPS, 'listening.ts'), '--port', '0')
  t.equal(await get(), 'by itself')
  t.equal(await stop(), 0)
})

t.test('an app that closes by itself ends the command with 1', async (t) => {
  const { get, code } = await start(t, SERVED, '--port', '0')
  await get('/close')
  t.equal(await code, 1)
})

t.test('what cannot start ends with 2', async (t) => {
  t.match(await faststream('run', SERVED, '--port', '0', '--', '--fails'), { code: 2, err: /is not to start/ })
  t.match(await faststream('run', join(APPS, 'no-broker.ts'), '--port', '0'), { code: 2, err: /no broker/ })
  for (const port of ['65536', '1.5', 'x']) {
    t.match(await faststream('run', SERVED, '--port', port), { code: 2, err: /port/ })
  }
  for (const workers of ['0', '1.5']) {
    t.match(await faststream('run', SERVED, '--workers', workers), { code: 2, err: /--workers/ })
  }
})

t.test('a signal before it listens ends it with 0', async (t) => {
  const signal = AbortSignal.abort()
  for (const argv of [[], ['--workers', '2'], ['--watch']]) {
    t.equal(await run(['run', SERVED, '--port', '0', ...argv], { write () {} }, { write () {} }, signal), 0)
  }
})

t.test('a worker leaves it to its supervisor to tell that it listens', async (t) => {
  process.env.FASTSTREAM_WORKER = '1'
  t.teardown(() => { delete process.env.FASTSTREAM_WORKER })
  const [texts, ending] = [new Inbox<string>(), new AbortController()]
  const out = { write: (text: string) => { texts.add(text) } }
  const code = run(['run', join(APPS, 'ending.ts'), '--port', '0', '--json'], out, out, ending.signal)
  t.equal(await code, 1)
  t.same(texts.items, [])
})

t.test('the port is PORT where none is written', async (t) => {
  process.env.PORT = '0'
  t.teardown(() => { delete process.env.PORT })
  const { stop } = await start(t, SERVED)
  t.equal(await stop(), 0)
})
