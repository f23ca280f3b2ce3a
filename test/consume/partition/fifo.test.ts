import t from 'tap'
import fc from 'fast-check'
import { Fifo } from '../../../lib/consume/partition/fifo.js'

t.test('a queue gives back what was pushed, in order, whatever else is called', async (t) => {
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.nat(2000).map((count) => ({ kind: 'push' as const, count })) },
    { weight: 4, arbitrary: fc.nat(2000).map((count) => ({ kind: 'shift' as const, count })) },
    { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const, count: 0 }) }
  )
  fc.assert(fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
    const fifo = new Fifo<number>()
    let model: number[] = []
    let next = 0
    for (const { kind, count } of actions) {
      if (kind === 'push') {
        for (let i = 0; i < count; i++) fifo.push(next + i)
        model.push(...Array.from({ length: count }, (_, i) => next + i))
        next += count
      }
      if (kind === 'shift') {
        for (let i = 0; i < count; i++) if (fifo.shift() !== model[i]) return false
        model = model.slice(count)
      }
      if (kind === 'clear') {
        fifo.clear()
        model = []
      }
      if (fifo.size !== model.length || fifo.peek() !== model[0] || String([...fifo]) !== String(model)) return false
    }
    return true
  }))
})
