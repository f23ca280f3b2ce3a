import t from 'tap'
import { benchmark } from '../../lib/testing/index.js'

/** Calls until an interval is over. */
async function until (done: () => boolean, call: () => unknown): Promise<number> {
  let calls = 0
  while (!done()) {
    await call()
    calls++
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  return calls
}

t.test('calls that end are counted per interval, and told', async (t) => {
  const lines: object[] = []
  const log = { info: (line: object) => { lines.push(line) } }
  const onOrder = benchmark({ interval: '2 ms', log })(async function onOrder (order: number) { return order * 2 })
  t.equal(onOrder.name, 'onOrder')
  t.equal(onOrder.throughput, undefined)
  t.equal(await onOrder(2), 4)
  await until(() => onOrder.throughput !== undefined, () => onOrder(1))
  t.ok(Number(onOrder.throughput) > 0)
  t.equal(onOrder.average, undefined, 'no window, no average')
  t.match(lines, [{ function: 'onOrder', throughput: Number }])
  t.notOk('average' in lines[0]!)
})

t.test('an average is that of the last intervals', async (t) => {
  const lines: object[] = []
  const log = { info: (line: object) => { lines.push(line) } }
  const work = benchmark({ interval: 0.001, window: 2, log })(function times (this: { by: number }, n: number) {
    return n * this.by
  })
  t.equal(work.average, undefined)
  t.equal(work.call({ by: 3 }, 2), 6, 'this is passed on')
  t.equal(work.average, work.throughput, 'undefined before the first interval is over')
  const seen: number[] = []
  while (seen.length < 3) {
    const before = work.throughput
    await until(() => work.throughput !== before, () => work.call({ by: 1 }, 1))
    seen.push(Number(work.throughput))
  }
  const [, second, third] = seen as [number, number, number]
  t.equal(work.average, (second + third) / 2)
  t.match(lines.at(-1), { throughput: third, average: work.average })
})

t.test('a call that fails counts, too; wrong options are errors', async (t) => {
  const fails = benchmark({ interval: '1 ms' })(async () => { throw new Error('no luck') })
  await until(() => fails.throughput !== undefined, async () => { await t.rejects(fails(), { message: 'no luck' }) })
  for (const options of [{ interval: 0 }, { interval: 'soon' }, { window: 0 }, { windows: 1 }]) {
    t.throws(() => benchmark(options as {}), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  }
  t.throws(() => benchmark()(1 as never), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})
