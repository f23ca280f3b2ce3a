import t from 'tap'
import { Lanes } from '../../../lib/consume/partition/lanes.js'
import { Pace } from '../../../lib/consume/partition/pace.js'
import { Reader } from '../../../lib/consume/partition/reader.js'
import { build as group } from '../../support/group-fixture.js'
import { ManualClock, turn } from '../../support/manual-clock.js'

/** A message whose decision the test makes. */
function readable (message: string, isSettled = false) {
  let settle = (): void => {}
  let abort = (_error: Error): void => {}
  const decided = new Promise<void>((resolve, reject) => { settle = resolve; abort = reject })
  const givenUp: string[] = []
  return {
    message,
    isSettled,
    decided: () => decided,
    giveUp: (reason: string) => { givenUp.push(reason); abort(new Error(reason)) },
    settle: () => { settle() },
    givenUp
  }
}

function build () {
  const clock = new ManualClock()
  const reader = new Reader<string>(clock)
  const places: number[] = []
  reader.connect((count) => { places.push(count) })
  return { clock, reader, places }
}

t.test('as many attempts may run as messages are asked for, or handed over and not decided', async (t) => {
  const { reader, places } = build()
  const taken = [reader.take(), reader.take()]
  t.same(places, [0, 1, 2])
  const [a, b] = [readable('a'), readable('b')]
  const hands = [reader.hand(a), reader.hand(b)] as const
  t.same(await Promise.all(taken), ['a', 'b'])
  t.equal(places.at(-1), 2)
  a.settle()
  await hands[0]
  t.equal(places.at(-1), 1)
  b.giveUp('revoked')
  await t.rejects(hands[1], { message: 'revoked' })
  t.equal(places.at(-1), 0)
})

t.test('code that asks before there is a queue has its place as soon as there is one', async (t) => {
  const reader = new Reader<string>(new ManualClock())
  const taken = reader.take()
  const places: number[] = []
  reader.connect((count) => { places.push(count) })
  t.same(places, [1])
  const a = readable('a', true)
  await reader.hand(a)
  t.equal(await taken, 'a')
})

t.test('a message for which no code waits any more goes to the code that asks next', async (t) => {
  const { clock, reader } = build()
  const late = reader.take(10)
  await clock.advance(10)
  t.equal(await late, undefined)
  const [a, b] = [readable('a'), readable('b', true)]
  const hands = [reader.hand(a), reader.hand(b)]
  t.equal(await reader.take(), 'a')
  t.equal(await reader.take(), 'b')
  await hands[1]
  a.settle()
  await hands[0]
  const [c, d] = [readable('c'), readable('d', true)]
  const given = [reader.hand(c), reader.hand(d)] as const
  reader.giveUp('it stops')
  await t.rejects(given[0], { message: 'it stops' })
  await given[1]
  t.same(d.givenUp, [], 'it is settled')
  t.equal(await Promise.race([reader.take(), turn().then(() => 'none')]), 'none')
})

t.test('a message that is settled first ends when it is handed over', async (t) => {
  const { reader, places } = build()
  const taking = reader.take()
  await reader.hand(readable('a', true))
  t.equal(await taking, 'a')
  t.equal(places.at(-1), 0)
})

t.test('a drain gives up what is not settled, but for the message that a loop is busy with', async (t) => {
  const { reader } = build()
  const messages = reader.messages()
  const [busy, open] = [readable('busy'), readable('open')]
  const next = messages.next()
  const hands = [reader.hand(busy), reader.hand(open)].map((hand) => hand.catch((error) => error.message))
  t.same(await next, { value: 'busy', done: false })
  t.equal(await reader.take(), 'open')
  reader.drain('rebalance')
  t.same([busy.givenUp, open.givenUp], [[], ['rebalance']])
  const following = messages.next()
  await turn()
  t.same(busy.givenUp, ['rebalance'], 'the loop has gone on without a decision')
  t.same(await Promise.all(hands), ['rebalance', 'rebalance'])
  reader.resume()
  const after = readable('after')
  const given = reader.hand(after)
  t.same(await following, { value: 'after', done: false })
  await messages.return()
  t.same(after.givenUp, [])
  after.settle()
  await given
})

t.test('when it ends, what waits gets nothing, or the error', async (t) => {
  const { reader } = build()
  const [loop, one] = [reader.messages().next(), reader.take(1000)]
  reader.end()
  t.same([await loop, await one, await reader.take()], [{ value: undefined, done: true }, undefined, undefined])
  reader.connect(() => {})
  const waiting = reader.take()
  reader.end(new Error('fenced'))
  await t.rejects(waiting, { message: 'fenced' })
  await t.rejects(reader.take(), { message: 'fenced' })
})

t.test('a consumer that ends for good ends the reading with its error', async (t) => {
  const reader = new Reader<string>(new ManualClock())
  const { group: own } = group({ reader })
  const waiting = reader.take()
  own.failed(new Error('it stumbles'))
  own.failed(new Error('fenced'), false)
  await t.rejects(waiting, { message: 'fenced' })
})

t.test('lanes change their number of places; an item whose wait is over comes first', async (t) => {
  const started: string[] = []
  const ends = new Map<string, () => void>()
  const wait = new Map<string, () => void>()
  const lanes = new Lanes<string>(0, new Pace(new ManualClock()), async (item, pause) => {
    started.push(item)
    if (item === 'waits') {
      await pause(new Promise<void>((resolve) => { wait.set(item, resolve) }))
      started.push('went on')
    }
    await new Promise<void>((resolve) => { ends.set(item, resolve) })
    return true
  })
  for (const item of ['waits', 'b', 'c']) lanes.push('p', item, [item])
  lanes.dispatch()
  t.same(started, [])
  lanes.resize(1)
  t.same(started, ['waits', 'b'], 'the first one has given its place away')
  wait.get('waits')?.()
  await turn()
  lanes.resize(0)
  ends.get('b')?.()
  await turn()
  t.same(started, ['waits', 'b'], 'there is no place')
  lanes.resize(1)
  await turn()
  t.same(started, ['waits', 'b', 'went on'])
  ends.get('waits')?.()
  await turn()
  t.same(started, ['waits', 'b', 'went on', 'c'])
})

t.test('an item that only ends needs no place', async (t) => {
  const started: string[] = []
  let isOver = (): void => {}
  const lanes = new Lanes<string>(1, new Pace(new ManualClock()), async (item, pause) => {
    started.push(item)
    if (item !== 'waits') return await new Promise(() => {})
    await pause(new Promise<void>((resolve) => { isOver = resolve }))
    started.push('went on')
    return true
  })
  for (const item of ['waits', 'b']) lanes.push('p', item, [item])
  lanes.dispatch()
  isOver()
  await turn()
  t.same(started, ['waits', 'b'])
  lanes.letReturn()
  await turn()
  t.same(started, ['waits', 'b', 'went on'])
})

t.test('code that waits without a time schedules nothing', async (t) => {
  const { clock, reader } = build()
  const taken = reader.take()
  t.equal(clock.waiting, 0)
  await reader.hand(readable('a', true))
  t.equal(await taken, 'a')
})

t.test('a message whose attempt is aborted before code asks for it is not handed over', async (t) => {
  const { reader } = build()
  const [a, b] = [readable('a'), readable('b')]
  const hands = [reader.hand(a), reader.hand(b)] as const
  a.giveUp('timed out')
  await t.rejects(hands[0], { message: 'timed out' })
  t.equal(await reader.take(), 'b')
  b.settle()
  await hands[1]
  const next = reader.take()
  await reader.hand(readable('c', true))
  t.equal(await next, 'c')
})
