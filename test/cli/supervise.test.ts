import cluster from 'node:cluster'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { eventually } from '../conformance/eventually.js'
import { supervise } from '../../lib/cli/supervise.js'
import { Inbox } from '../support/inbox.js'

// The workers are those of the built package, without what runs this test.
cluster.setupPrimary({ execArgv: [] })
const MAIN = pathToFileURL(resolve('dist/lib/cli/main.js'))
const SERVED = join(import.meta.dirname, 'apps/served.js')

/** ms for one answer on a busy machine. */
const ANSWER_LIMIT = 60_000

interface Line { readonly worker: number, readonly event: string, readonly address: string, readonly why: string }
interface Answer { readonly worker: string, readonly pid: number, readonly asked: { readonly name?: string } }

/** Runs workers of an app, until `stop`. */
function start (t: Test, { file = SERVED, workers = 1, watch = false, rest = [] as readonly string[] }) {
  const [lines, ending] = [new Inbox<Line>(), new AbortController()]
  const out = { write: (text: string) => { lines.add(JSON.parse(text) as Line) } }
  const supervised = { command: ['run'], file, place: { host: 'localhost', port: 0 }, workers }
  const call = { values: { json: true, watch }, positionals: [file], rest, out, err: out, signal: ending.signal }
  const code = supervise(supervised, call, MAIN)
  const stop = async () => {
    ending.abort()
    return await code
  }
  t.teardown(stop)
  const listening = async (count: number) => {
    const found = await lines.until((all) => all.filter(({ event }) => event === 'listening').length >= count)
    return found.filter(({ event }) => event === 'listening')
  }
  const failed = async (count: number) => {
    return (await lines.until((all) => all.filter(({ event }) => event === 'failed').length >= count)).filter(
      ({ event }) => event === 'failed')
  }
  return { code, stop, listening, failed }
}

async function ask (address: string): Promise<Answer> {
  // Each connection goes to another worker. Without the limit one that is lost would only end the file's time.
  const signal = AbortSignal.timeout(ANSWER_LIMIT)
  return await (await fetch(address, { headers: { connection: 'close' }, signal })).json() as Answer
}

/** Asks until all of the workers have answered. */
async function askAll (address: string, count: number): Promise<ReadonlyMap<string, Answer>> {
  const found = new Map<string, Answer>()
  await eventually(async () => {
    const answer = await ask(address)
    found.set(answer.worker, answer)
    return found.size >= count
  })
  return found
}

t.test('workers share the port, one that dies begins anew, and a signal ends them', async (t) => {
  const { listening, failed, stop } = start(t, { workers: 2, rest: ['--name', 'a'] })
  const [{ address }] = await listening(2) as [Line]
  const answers = await askAll(address, 2)
  t.same([...answers.keys()].sort(), ['1', '2'])
  t.equal(answers.get('1')?.asked.name, 'a')
  process.kill(answers.get('2')!.pid, 'SIGKILL')
  t.match(await failed(1), [{ worker: 2, why: 'SIGKILL' }])
  await listening(3)
  t.not((await askAll(address, 2)).get('2')?.pid, answers.get('2')?.pid)
  t.equal(await stop(), 0)
})

t.test('SIGUSR2 replaces the workers one after the other, and each request is answered meanwhile', async (t) => {
  const { listening, stop } = start(t, { workers: 2 })
  const [{ address }] = await listening(2) as [Line]
  const before = await askAll(address, 2)
  const replaced = new AbortController()
  // So many that a worker leaves while a connection is handed to it.
  const asking = Promise.all(Array.from({ length: 16 }, async () => {
    while (!replaced.signal.aborted) await ask(address)
  }))
  process.emit('SIGUSR2')
  await listening(4)
  replaced.abort()
  await asking
  const after = await askAll(address, 2)
  t.same([...after.values()].filter(({ pid }) => [...before.values()].some((each) => each.pid === pid)), [])
  t.equal(await stop(), 0)
})

t.test('workers that cannot start end the command with 2, and one that ends badly with 1', async (t) => {
  const failing = start(t, { workers: 2, rest: ['--fails'] })
  t.equal(await failing.code, 2)
  const bad = start(t, { rest: ['--dies', '3'] })
  await bad.listening(1)
  t.equal(await bad.stop(), 1)
})

t.test('with --watch a change of a file begins the app anew, also one that could not start', async (t) => {
  const source = (name: string) => `
    import Fastify from 'fastify'
    import { faststreamPlugin } from 'fastify-faststream'
    import { name } from './name.js'
    export async function build () {
      const app = Fastify()
      await app.register(faststreamPlugin, { transport: 'memory' })
      app.get('/', async () => ({ asked: { name: name + '${name}' } }))
      return app
    }
  `
  const folder = t.testdir({ 'app.js': source('1'), 'name.js': "export const name = 'a'" })
  const nameOf = async (address: string) => (await ask(address)).asked.name
  const { listening, failed, stop } = start(t, { file: join(folder, 'app.js'), watch: true })
  const [{ address }] = await listening(1) as [Line]
  t.equal(await nameOf(address), 'a1')
  writeFileSync(join(folder, 'name.js'), "export const name = 'b'")
  t.equal(await nameOf((await listening(2))[1]!.address), 'b1')
  writeFileSync(join(folder, 'app.js'), 'no source')
  t.match(await failed(1), [{ worker: 1, why: 'exit code 2' }])
  writeFileSync(join(folder, 'app.js'), source('2'))
  t.equal(await nameOf((await listening(3))[2]!.address), 'b2')
  t.equal(await stop(), 0)
})

t.test('people read in lines of text what workers do', async (t) => {
  const [texts, ending] = [new Inbox<string>(), new AbortController()]
  const out = { write: (text: string) => { texts.add(text) } }
  const supervised = { command: ['run'], file: SERVED, place: { host: 'localhost', port: 0 }, workers: 1 }
  const call = { values: {}, positionals: [], rest: [], out, err: out, signal: ending.signal }
  const code = supervise(supervised, call, MAIN)
  const [line] = await texts.count(1)
  t.match(line, /^worker 1: listening at http:\/\/localhost:\d+ \(pid \d+\)\n$/)
  process.kill(Number(/pid (\d+)/.exec(line!)?.[1]), 'SIGKILL')
  const why = 'SIGKILL: perhaps the memory was full'
  t.equal((await texts.count(2))[1], `worker 1: ended by ${why}; it begins anew in 500 ms\n`)
  ending.abort()
  t.equal(await code, 0)
})
