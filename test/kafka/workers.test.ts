import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { openProducer } from './client.js'
import { record } from '../support/memory-transport.js'
import { brokers, createTopic, readLog, uniqueName, until, withAdmin } from './fixture.js'
import { Inbox } from '../support/inbox.js'

/* faststream run --workers 2, as it is published: the partitions go from worker to worker, and no message runs twice. */

interface Line { readonly event: string }

t.test('workers that are replaced under load handle each message once, and a signal leaves no member', async (t) => {
  const [from, to] = [await createTopic({ partitions: 4 }), await createTopic({ partitions: 1 })]
  const group = uniqueName('workers')
  const options = Object.entries({ brokers: brokers().join(), group, from, to })
  const child = spawn(process.execPath, [
    'dist/lib/cli/main.js', 'run', 'test/kafka/workers-app.js', '--port', '0', '--workers', '2', '--json', '--',
    ...options.flatMap(([name, value]) => [`--${name}`, value])
  ], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const lines = new Inbox<Line>()
  createInterface(child.stdout).on('line', (line) => { lines.add(JSON.parse(line) as Line) })
  const listening = async (count: number) => {
    await lines.until((all) => all.filter(({ event }) => event === 'listening').length >= count)
  }
  await listening(2)
  const producer = openProducer(t)
  let sent = 0
  const replaced = new AbortController()
  const sending = (async () => {
    while (!replaced.signal.aborted && sent < 8000) {
      const timestamp = Date.now()
      const records = [0, 1, 2, 3].map((partition) => record(from, partition, String(sent++), { timestamp }))
      await producer.send(records, performance.now() + 20_000)
    }
  })()
  child.kill('SIGUSR2')
  await listening(4)
  replaced.abort()
  await sending
  const handled = async () => {
    return (await readLog(to)).map(({ value }) => JSON.parse(String(value)) as { value: number, pid: number })
  }
  await until(async () => (await handled()).length >= sent, 60_000)
  const all = await handled()
  t.same(all.map(({ value }) => value).sort((a, b) => a - b), Array.from({ length: sent }, (_, at) => at))
  t.ok(new Set(all.map(({ pid }) => pid)).size > 1, 'more than one process has handled messages')
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  t.same(await exit, [0, null])
  const { groups: [described] } = await withAdmin((admin) => admin.describeGroups([group]))
  t.equal(described?.members.length, 0)
})
