import { fork } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'

/* What requests hold that wait for a reply. */

t.test('10 000 open requests hold less than 20 MB', async (t) => {
  const child = fork('test/request/open-requests-child.ts', ['10000'], {
    execArgv: ['--import', 'tsx'],
    // What tsx compiles has other lines than what tap compiles: its coverage must not count.
    env: { PATH: process.env['PATH'], _TAPJS_PROCESSINFO_COVERAGE_: '0' }
  })
  const [{ open, bytes, left }] = await once(child, 'message') as [{ open: number, bytes: number, left: number }]
  t.equal(open, 10_001)
  t.comment(`${(bytes / 1e6).toFixed(1)} MB for 10 000 open requests`)
  t.ok(bytes < 20_000_000, `${bytes} bytes`)
  t.equal(left, 0)
})
