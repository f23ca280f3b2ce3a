import t from 'tap'
import { takeBatch } from '../../lib/produce/take-batch.js'

const HALF = 256 * 1024

function waiting (topic: string, partition: number, size: number, done = false) {
  return { record: { topic, partition }, size, done }
}

t.test('the bound of bytes is of one partition of one topic', (t) => {
  const queue = [
    waiting('a', 0, HALF), waiting('a', 1, HALF), waiting('b', 0, HALF), waiting('a', 0, HALF), waiting('a', 0, 1)
  ]
  t.same(takeBatch(queue), { batch: queue.slice(0, 4), taken: 4 })
  t.end()
})

t.test('what is done is taken, and not sent', (t) => {
  const queue = [waiting('a', 0, 1, true), waiting('a', 0, 2 * HALF + 1), waiting('a', 1, 1)]
  t.same(takeBatch(queue), { batch: [queue[1]], taken: 2 }, 'a record above the bound goes alone')
  t.same(takeBatch([waiting('a', 0, 1), waiting('a', 0, 2 * HALF)]).taken, 1, 'and not behind another one')
  t.same(takeBatch(Array.from({ length: 2001 }, () => waiting('a', 0, 1))).taken, 2000)
  t.end()
})
