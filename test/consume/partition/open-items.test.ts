import t from 'tap'
import type { Lane } from '../../../lib/consume/partition/lane.js'
import { Lanes } from '../../../lib/consume/partition/lanes.js'
import { OpenItems } from '../../../lib/consume/partition/open-items.js'
import { Pace } from '../../../lib/consume/partition/pace.js'
import { ManualClock, turn } from '../../support/manual-clock.js'

/** Lanes with one place, whose items end when they are told to. */
function build () {
  const started: string[] = []
  const lane = new Map<string, Lane<string>>()
  const ends = new Map<string, (goesOn: boolean) => void>()
  const lanes = new Lanes<string>(1, new Pace(new ManualClock()), (item, _, of) => {
    started.push(item)
    lane.set(item, of)
    return new Promise((resolve) => { ends.set(item, resolve) })
  })
  async function end (item: string, goesOn = true): Promise<void> {
    ends.get(item)!(goesOn)
    await turn()
  }
  async function letNextBegin (item: string): Promise<boolean> {
    const lets = lanes.letNextBegin(lane.get(item)!, item)
    await turn()
    return lets
  }
  return { lanes, started, lane, end, letNextBegin }
}

t.test('an item that lets the next one begin needs no place, and is waited for', async (t) => {
  const { lanes, started, lane, end, letNextBegin } = build()
  lanes.push('a', 'a', ['a1', 'a2'])
  lanes.dispatch()
  t.ok(await letNextBegin('a1'))
  t.same([started, lanes.running], [['a1', 'a2'], 2])
  const before = lane.get('a2')!.open!.before('a2')
  await end('a1')
  t.ok(await before)
  t.equal(lane.get('a2')!.open!.before('a2'), undefined)
  await end('a2')
  t.same([lanes.running, lanes.size], [0, 0])
})

t.test('a lane whose turn comes when one of its items has failed waits until all have ended', async (t) => {
  const { lanes, started, lane, end, letNextBegin } = build()
  lanes.push('a', 'a', ['a1', 'a2'])
  lanes.push('b', 'b', ['b1'])
  lanes.dispatch()
  t.ok(await letNextBegin('a1'))
  t.same(started, ['a1', 'b1'])
  lane.get('a1')!.opened.broken = true
  await end('b1')
  t.same(started, ['a1', 'b1'])
  await end('a1')
  t.same(started, ['a1', 'b1', 'a2'])
  lane.get('a2')!.opened.broken = true
  t.notOk(await letNextBegin('a2'), 'it holds its lane')
  await end('a2')
  t.equal(lanes.size, 0)
})

t.test('behind an item that stays unsettled the queue is dropped, but not that of a later generation', async (t) => {
  const { lanes, started, end, letNextBegin } = build()
  lanes.push('a', 'a', ['a1', 'a2', 'a3'])
  lanes.dispatch()
  await letNextBegin('a1')
  await end('a1', false)
  await end('a2', false)
  t.same([started, lanes.size], [['a1', 'a2'], 0])
  lanes.push('a', 'a', ['a4', 'a5'])
  lanes.dispatch()
  await letNextBegin('a4')
  lanes.clear()
  lanes.push('a', 'a', ['a6'])
  await end('a4', false)
  await end('a5', false)
  t.same(started, ['a1', 'a2', 'a4', 'a5', 'a6'])
})

t.test('an item that stays unsettled ends the wait of those behind it, and its lane begins nothing', async (t) => {
  const open = new OpenItems<string>()
  open.add('a1')
  open.add('a2')
  const before = open.before('a2')
  t.ok(open.ended('a1', false))
  t.equal(await before, false)
  t.equal(await open.before('a2'), false, 'also one that asks later')
  t.equal(open.broken, true)
  t.equal(open.ended('a1', true), false, 'once')
})
