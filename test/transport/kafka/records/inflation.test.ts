import { fork } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'

const MiB = 1024 * 1024

/** The memory of a process that reads eight partitions, each with a gzip batch that inflates to 64 MiB. */
async function read (t: Test, mode: 'bounded' | 'unbounded'): Promise<{
  handled: number[], most: number, peak: number
}> {
  const child = fork('test/support/inflating-partitions.ts', [mode], {
    execArgv: ['--import', 'tsx'],
    // What tsx compiles has other lines than what tap compiles: its coverage must not count.
    env: { PATH: process.env['PATH'], _TAPJS_PROCESSINFO_COVERAGE_: '0' }
  })
  t.teardown(() => child.kill('SIGKILL'))
  const [told] = await once(child, 'message')
  return told
}

t.test('eight batches that inflate to 64 MiB each wait for each other', async (t) => {
  const { handled, most, peak } = await read(t, 'bounded')
  const unbounded = await read(t, 'unbounded')
  t.same(handled, [0, 1, 2, 3, 4, 5, 6, 7], 'all are handled')
  t.ok(most <= 72 * MiB, `${(most / MiB).toFixed(0)} MiB at once`)
  t.ok(
    unbounded.peak - peak > 200 * MiB,
    `${(peak / MiB).toFixed(0)} MiB instead of ${(unbounded.peak / MiB).toFixed(0)} MiB`
  )
})
