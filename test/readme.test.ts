import t from 'tap'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

// Each block of the README names its file. They run as a user runs them, against the built package, which they find by its name.
const folder = mkdtempSync('.readme-')
t.teardown(() => { rmSync(folder, { recursive: true }) })
const blocks = [...readFileSync('README.md', 'utf8').matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)].map(([, file, code]) => [file as string, code as string] as const)
for (const [file, code] of blocks) writeFileSync(join(folder, file), code.replace('port: 3000', 'port: 0'))

t.test('the README has a program, its server and its test', async (t) => {
  t.same(blocks.map(([file]) => file), ['app.ts', 'server.ts', 'app.test.ts'])
})

t.test('its test passes', async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', join(folder, 'app.test.ts')])
  t.match(stdout, /ok 1 - an order makes an invoice/)
  t.notMatch(stdout, /not ok/)
})

t.test('its server listens and says where, and on which broker it is', async (t) => {
  const server = spawn(process.execPath, ['--import', 'tsx', join(folder, 'server.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => server.kill())
  let log = ''
  for await (const chunk of server.stdout) {
    log += String(chunk)
    if (log.includes('Server listening at')) break
  }
  const port = /Server listening at http:\/\/[^:]+:(\d+)/.exec(log)?.[1]
  const res = await fetch(`http://localhost:${port}/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"id":"1","total":9}' })
  t.equal(res.status, 202)
  t.match(log, /in-memory broker/)
  t.match(log, /"topics":\["orders"\].*subscriber waits for messages/)
  server.kill()
  await once(server, 'exit')
})
