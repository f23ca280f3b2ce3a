import t from 'tap'
import type { Clock } from '../../../lib/clock.js'
import { Pace } from '../../../lib/consume/partition/pace.js'

const oneTurn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

/** Lanes whose items hold the event loop, by a clock whose only timer fires when the test says so. */
function paced () {
  let time = 0
  let timer: { readonly ms: number, readonly callback: () => void } | undefined
  const clock: Clock = {
    now: () => time,
    elapsed: () => time,
    schedule (ms, callback) {
      timer = { ms, callback }
      return () => { timer = undefined }
    }
  }
  const pace = new Pace(clock)
  const started: string[] = []
  /** Starts as many items as the pace lets, and the others when it lets them. */
  function run (name: string, items: number, ms: number): void {
    for (let left = items; left > 0; left--) {
      const rest = left
      if (!pace.takes(() => { run(name, rest, ms) })) return
      started.push(name)
      time += ms
    }
  }
  function fire (): void {
    const { callback } = timer!
    timer = undefined
    callback()
  }
  return { pace, started, run, fire, rest: () => timer?.ms }
}

for (const [what, items, ms, most] of [['64 items', 100, 0, 64], ['1 ms', 3, 0.5, 2]] as const) {
  t.test(`after ${what} the event loop has a turn`, async (t) => {
    const { started, run } = paced()
    run('a', items, ms)
    t.equal(started.length, most)
    await oneTurn()
    t.equal(started.length, items)
  })
}

t.test('lanes that wait go on in later turns, first the one that has waited longest', async (t) => {
  const { started, run } = paced()
  for (const lane of ['a', 'b', 'c']) run(lane, 2, 1)
  const turns = [[...started]]
  while (started.length < 6) {
    const before = started.length
    await oneTurn()
    turns.push(started.slice(before))
  }
  t.same(turns, [['a'], ['a'], ['b'], ['c'], ['b'], ['c']])
})

t.test('with a share of the time, items rest as long as the others are to have', async (t) => {
  const { pace, started, run, fire, rest } = paced()
  pace.share(0.1)
  run('a', 3, 10)
  t.equal(started.length, 1)
  await oneTurn()
  t.equal(rest(), 90)
  run('b', 1, 10)
  t.same(started, ['a'], 'nothing starts meanwhile')
  fire()
  t.same(started, ['a', 'a'])
  await oneTurn()
  pace.share(0.5)
  fire()
  await oneTurn()
  t.equal(rest(), 10)
})

t.test('a rest is not shorter than 1 ms and not longer than 1 s', async (t) => {
  const { pace, run, fire, rest } = paced()
  pace.share(0.1)
  run('a', 1, 0)
  await oneTurn()
  t.equal(rest(), 1)
  fire()
  run('a', 1, 5000)
  await oneTurn()
  t.equal(rest(), 1000)
})

t.test('with the whole time again a rest ends at once', async (t) => {
  const { pace, started, run, rest } = paced()
  pace.share(0.5)
  run('a', 2, 1)
  await oneTurn()
  pace.share(0.1)
  t.same([started.length, rest()], [1, 1], 'a smaller share ends none')
  pace.share(1)
  t.same([started.length, rest()], [2, undefined])
  await oneTurn()
  t.equal(rest(), undefined)
})

t.test('during a rest no item starts, however short the turn before it was', async (t) => {
  const { pace, started, run, fire, rest } = paced()
  pace.share(0.5)
  run('a', 1, 0)
  await oneTurn()
  t.equal(rest(), 1)
  run('b', 1, 0)
  t.same(started, ['a'])
  fire()
  t.same(started, ['a', 'b'])
})
