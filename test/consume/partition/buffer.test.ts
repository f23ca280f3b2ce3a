import t from 'tap'
import { PartitionBuffer } from '../../../lib/consume/partition/buffer.js'
import { MemoryBudget } from '../../../lib/memory-budget.js'

function build (bytes = 1000, messages = 4) {
  const budget = new MemoryBudget(bytes)
  return { budget, buffer: new PartitionBuffer({ messages, budget }) }
}

t.test('a buffer is as full as its messages or its bytes say', async (t) => {
  const { buffer } = build()
  buffer.add(1, 600)
  t.equal(buffer.fill, 0.6)
  buffer.add(2, 0)
  t.equal(buffer.fill, 0.75)
})

t.test('what is removed leaves the buffer and the memory of all partitions', async (t) => {
  const { buffer, budget } = build()
  buffer.add(2, 800)
  buffer.remove(300, 1)
  t.equal(buffer.fill, 0.5)
  t.equal(budget.taken, 500)
  buffer.remove(500, 1)
  t.same([buffer.fill, budget.taken], [0, 0])
})

t.test('a buffer that is closed gives back what it has, once, and what ends later changes nothing', async (t) => {
  const { buffer, budget } = build()
  const other = new PartitionBuffer({ messages: 4, budget })
  other.add(1, 400)
  t.equal(other.fill, 0.4, 'of all that is held, more than its share')
  buffer.add(2, 500)
  buffer.remove(200, 1)
  buffer.close()
  buffer.close()
  buffer.remove(300, 1)
  t.equal(budget.taken, 400)
  t.equal(other.fill, 0.4)
})
