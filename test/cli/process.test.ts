import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import t from 'tap'

/* The process of the command, as it is published. */

const MAIN = 'dist/lib/cli/main.js'
const env = { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }

t.test('an app that throws when it is not waited for could not be looked at: 2', async (t) => {
  const folder = t.testdir({
    'app.js': "setImmediate(() => { throw new Error('too late') })\nexport const build = () => new Promise(() => {})"
  })
  await t.rejects(promisify(execFile)(process.execPath, [MAIN, 'describe', `${folder}/app.js`], { env }), {
    code: 2, stderr: /too late/
  })
})

t.test('SIGTERM lets the handler of an app end that runs, and ends with 0', async (t) => {
  const folder = t.testdir({
    'app.js': `
      import { setTimeout } from 'node:timers/promises'
      import { faststreamPlugin } from 'fastify-faststream'
      export const options = { logger: false }
      export default async function app (app, _) {
        await app.register(faststreamPlugin, { transport: 'memory' })
        app.broker.subscriber('orders', async () => {
          console.log('begun')
          await setTimeout(500)
          console.log('ended')
        })
        app.broker.onStarted(() => app.broker.publish('orders', 1))
      }
    `
  })
  const child = spawn(process.execPath, [MAIN, 'run', `${folder}/app.js`, '--port', '0'], { env })
  t.teardown(() => { child.kill('SIGKILL') })
  const exit = once(child, 'exit')
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk)
    if (String(chunk).includes('begun')) child.kill('SIGTERM')
  })
  t.same(await exit, [0, null])
  t.match(text, /begun\n[^]*ended\n/)
})
