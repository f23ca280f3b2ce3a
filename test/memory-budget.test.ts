import t from 'tap'
import { MAX_DECOMPRESSED, MemoryBudget, NeedsRoomError } from '../lib/memory-budget.js'
import { gate } from './support/inbox.js'

t.test('a partition finds room while it holds less than its equal share', async (t) => {
  const budget = new MemoryBudget(100)
  const leave = budget.join()
  budget.join()
  budget.take(90)
  t.equal(budget.fill(90), 0.9, 'one may hold all while others need nothing')
  budget.take(20)
  t.equal(budget.fill(90), 1.1)
  t.equal(budget.fill(20), 0.4, 'half of its share is not full')
  leave()
  t.equal(budget.fill(20), 0.2)
  budget.give(110)
  t.equal(budget.taken, 0)
})

t.test('what is decompressed gets the room that is left, one piece of work at a time', async (t) => {
  const budget = new MemoryBudget(100)
  const rooms: number[] = []
  const first = gate()
  const one = budget.decompress({ bytes: 1 }, async (room) => {
    rooms.push(room)
    await first.opened
    budget.take(MAX_DECOMPRESSED)
    return 'one'
  })
  const two = budget.decompress({ bytes: 1 }, async (room) => { rooms.push(room); return 'two' })
  first.open()
  t.same([await one, await two], ['one', 'two'])
  t.same(rooms, [MAX_DECOMPRESSED, 100])
})

t.test('work that needs more room is done when there is more', async (t) => {
  const budget = new MemoryBudget(100)
  budget.take(MAX_DECOMPRESSED)
  const need = { bytes: 1 }
  const work = async (room: number): Promise<number> => {
    if (room < 150) throw new NeedsRoomError()
    return room
  }
  t.equal(await budget.decompress(need, work), undefined)
  t.equal(need.bytes, 200)
  t.equal(await budget.decompress(need, async () => t.fail('it was not tried')), undefined)
  let isThere = false
  const there = budget.room(need).then(() => { isThere = true })
  budget.give(50)
  await null
  t.notOk(isThere)
  budget.give(60)
  await there
  t.equal(await budget.decompress(need, work), 210)
  await budget.room(need)
})

t.test('work that fails does not hold up the next', async (t) => {
  const budget = new MemoryBudget(100)
  await t.rejects(budget.decompress({ bytes: 1 }, async () => { throw new Error('damaged') }), { message: 'damaged' })
  t.equal(await budget.decompress({ bytes: 1 }, async () => 'next'), 'next')
})
