import t from 'tap'
import { Random } from './judge.js'
import { Process } from './process.js'
import { withoutRealTime } from './real-time.js'
import { simulate } from './run.js'
import { Scheduler } from './scheduler.js'
import { chooseSetting } from './setting.js'

t.test('a seed replays exactly, in each climate; another seed is another run', { timeout: 120_000 }, async (t) => {
  const climates = new Map<string, number>()
  for (let seed = 1; climates.size < 5; seed++) climates.set(chooseSetting(new Random(seed)).climate, seed)
  const traces = new Set<string>()
  for (const [climate, seed] of climates) {
    const [first, second] = [await simulate({ seed }), await simulate({ seed })]
    t.same(second, first, climate)
    traces.add(first.trace)
  }
  t.equal(traces.size, climates.size)
})

t.test('printing what happens changes nothing of it', async (t) => {
  const lines: string[] = []
  const { trace } = await simulate({ seed: 3, print: (line) => { lines.push(line) } })
  t.equal(trace, (await simulate({ seed: 3 })).trace)
  t.ok(lines.length > 100)
})

t.test('events come in the order of their times, and promise chains end before the next one', async (t) => {
  const scheduler = new Scheduler()
  const order: string[] = []
  scheduler.schedule(5, () => { order.push('late') })
  scheduler.schedule(1, () => {
    order.push('early')
    let chain = Promise.resolve()
    for (let i = 0; i < 100; i++) chain = chain.then(() => {})
    chain.then(() => { order.push(`chain at ${scheduler.now}`) })
  })
  scheduler.schedule(1, () => { order.push('early, too') })
  scheduler.schedule(3, () => { order.push('cancelled') }).cancelled = true
  await scheduler.run(() => false, 10)
  t.same(order, ['early', 'chain at 1', 'early, too', 'late'])
  t.equal(scheduler.now, 10)
})

t.test('in a frozen process everything waits for the thaw, in a killed one for ever', async (t) => {
  const scheduler = new Scheduler()
  const process = new Process('p', scheduler, new Random(1))
  const { clock } = process.environment
  const order: string[] = []
  clock.schedule(2, () => { order.push(`timer at ${scheduler.now}`) })
  process.schedule(1, () => { order.push(`message at ${scheduler.now}`) })
  process.freeze()
  await scheduler.run(() => false, 10)
  t.same(order, [])
  process.thaw()
  await scheduler.run(() => false, 20)
  t.same(order, ['message at 10', 'timer at 10'])
  process.skew = -5000
  const now = clock.now()
  await scheduler.run(() => false, 30)
  t.equal(clock.now() - now, 10)
  t.equal(clock.elapsed(), 30)
  clock.schedule(1, () => { order.push('dead') })
  process.kill()
  await scheduler.run(() => false, 40)
  t.equal(order.length, 2)
})

t.test('the real clock and real timers are noticed', async (t) => {
  const leaks = new Set<string>()
  await withoutRealTime(new Scheduler(), new Random(1), leaks, async () => {
    Date.now()
    setTimeout(() => {}, 1)
  })
  t.match([...leaks], [/^Date.now .*replay.test/, /^setTimeout .*replay.test/])
})
