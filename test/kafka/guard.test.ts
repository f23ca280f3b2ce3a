import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { GUARD, startGuard } from '../../lib/testing/local-kafka/guard.js'
import { isFree } from '../../lib/testing/local-kafka/ports.js'

/** Listens and tells its port. Much memory: a process that is killed loses its memory first and its ports last. */
const SERVER = `
  const memory = Array.from({ length: 6 }, () => Buffer.alloc(50e6, 1))
  require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port, memory.length) })
`
/** Of each test: one try shows a port that is not free yet in about half of the cases. */
const TRIES = ['a', 'b', 'c', 'd', 'e', 'f']

async function startServer (directory: string): Promise<{ child: ChildProcess, port: number }> {
  const child = spawn(process.execPath, [join(directory, 'server.cjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [text] = await once(child.stdout, 'data')
  return { child, port: parseInt(text) }
}

t.test('a guard that has stopped has ended its process, and the port is free', async (t) => {
  for (const name of TRIES) {
    const directory = join(t.testdir({ [name]: { 'server.cjs': SERVER } }), name)
    const guard = startGuard(directory)
    const { child, port } = await startServer(directory)
    guard.watch(child)
    await guard.stop()
    t.equal(await isFree(port), true)
    t.equal(existsSync(directory), false)
    await guard.stop()
  }
})

t.test('a program that could not be started is not waited for', async (t) => {
  const directory = join(t.testdir({ guarded: {} }), 'guarded')
  const guard = startGuard(directory)
  const child = spawn(join(directory, 'nothing'))
  guard.watch(child)
  await once(child, 'error')
  await guard.stop()
  t.equal(existsSync(directory), false)
})

t.test('a guard whose owner is gone has ended its process, too, and no other', async (t) => {
  const other = spawn('sleep', ['60'])
  t.teardown(() => other.kill())
  for (const name of TRIES) {
    const directory = join(t.testdir({ [name]: { 'server.cjs': SERVER } }), name)
    const { child, port } = await startServer(directory)
    const guard = spawn('sh', ['-c', GUARD, 'sh', directory], { stdio: ['pipe', 'ignore', 'inherit'] })
    // Whatever ended the owner, its pipe closes.
    guard.stdin.end(`${other.pid}\n${child.pid}\n`)
    await once(guard, 'exit')
    t.equal(await isFree(port), true)
    t.equal(existsSync(directory), false)
  }
  t.equal(other.exitCode ?? other.signalCode, null)
})
