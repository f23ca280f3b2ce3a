import t from 'tap'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blocksOf, PAGES } from './docs/pages.js'

// The program of the README runs as a user runs it, against the built package, which it finds by its name.
const folder = mkdtempSync('.readme-')
t.teardown(() => { rmSync(folder, { recursive: true }) })
const [program, test] = blocksOf('README.md').filter(({ language }) => language === 'ts')
writeFileSync(join(folder, 'app.ts'), program?.code.replace('port: 3000', 'port: 0') ?? '')

t.test('the README is short, with one program and its test', async (t) => {
  t.same([program?.file, test?.file], ['app.ts', 'app.test.ts'])
  t.ok((PAGES.get('README.md') ?? '').split('\n').length <= 170)
})

t.test('its program listens, says on which broker it is, and closes on SIGTERM', async (t) => {
  const args = ['--import', 'tsx', join(folder, 'app.ts'), 'start']
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(server, 'exit')
  t.teardown(() => server.kill('SIGKILL'))
  let log = ''
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    log += String(chunk)
    if (log.includes('Server listening at')) break
  }
  const port = /Server listening at http:\/\/[^:]+:(\d+)/.exec(log)?.[1]
  const headers = { 'content-type': 'application/json' }
  const res = await fetch(`http://localhost:${port}/orders`, { method: 'POST', headers, body: '{"id":"1","total":9}' })
  t.equal(res.status, 202)
  t.match(log, /in-memory broker/)
  t.match(log, /"partitions":\{"orders":\[0,1,2\].*joined the group/)
  server.stdout.resume()
  server.kill('SIGTERM')
  t.same(await exit, [0, null], 'it ends by itself')
})
