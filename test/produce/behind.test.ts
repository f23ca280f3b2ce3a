import fc from 'fast-check'
import t from 'tap'
import type { InOrder, SendOrder } from '../../lib/message/outgoing.js'
import { behind, putBehind, takeOut } from '../../lib/produce/send-order.js'

interface Ordered extends InOrder {
  readonly order: SendOrder | undefined
}

/** Those behind an entry by definition: open, of the same order, and published later. */
function defined (entry: Ordered, open: Iterable<Ordered>): readonly Ordered[] {
  const all = [...open]
  const { order } = entry
  if (order === undefined || order.broken) return []
  return all.slice(all.indexOf(entry) + 1).filter((each) => each.order === order)
}

/** As the batcher does when an entry has its outcome. */
function close (entry: Ordered, open: Set<Ordered>): void {
  open.delete(entry)
  takeOut(entry)
}

const steps = fc.array(fc.record({
  kind: fc.constantFrom('publish', 'publish', 'publish', 'store', 'fail'),
  order: fc.nat(3),
  producer: fc.nat(1),
  which: fc.nat(40)
}), { maxLength: 60 })

t.test('behind an entry that fails are the open ones of its order and producer that were published later', async () => {
  fc.assert(fc.property(steps, (steps) => {
    // The last one is no order.
    const orders: Array<SendOrder | undefined> = [{ broken: false }, { broken: false }, { broken: false }, undefined]
    const producers: ReadonlyArray<Set<Ordered>> = [new Set(), new Set()]
    for (const { kind, order, producer, which } of steps) {
      const open = producers[producer] as Set<Ordered>
      if (kind === 'publish') {
        const entry: Ordered = { order: orders[order] }
        if (entry.order?.broken === true) orders[order] = { broken: false }
        else {
          open.add(entry)
          putBehind(entry)
        }
        continue
      }
      const entry = [...open][which % open.size]
      if (entry === undefined) continue
      if (kind === 'fail') {
        const wanted = defined(entry, open)
        const found = behind(entry, open)
        if (found.length !== wanted.length || found.some((each, i) => each !== wanted[i])) return false
        if (entry.order?.broken === false) return false
        for (const each of found) close(each, open)
      }
      close(entry, open)
    }
    return true
  }), { numRuns: 500 })
})

t.test('those that fail at once look at nothing but what is behind them in their own order', async (t) => {
  class Counting extends Set<Ordered> {
    looks = 0

    override has (entry: Ordered): boolean {
      this.looks++
      return super.has(entry)
    }

    override [Symbol.iterator] (): SetIterator<Ordered> {
      this.looks += this.size
      return super[Symbol.iterator]()
    }
  }
  const open = new Counting()
  const lanes = Array.from({ length: 1000 }, () => ({ broken: false }))
  for (let i = 0; i < 5; i++) {
    for (const order of lanes) {
      const entry = { order }
      open.add(entry)
      putBehind(entry)
    }
  }
  const failed = Array.from(open)
  open.looks = 0
  const withdrawn = failed.flatMap((entry) => behind(entry, open))
  t.equal(withdrawn.length, 4000)
  t.equal(open.looks, 4000)
})

t.test('an entry that has its outcome is linked to nothing, and its order goes on without it', async (t) => {
  const order: SendOrder = { broken: false }
  const [first, second, third] = [{ order }, { order }, { order }] as [Ordered, Ordered, Ordered]
  for (const entry of [first, second, third]) putBehind(entry)
  takeOut(second)
  t.same([second.previous, second.next], [undefined, undefined])
  t.same(behind(first, new Set([first, third])), [third])
  takeOut(third)
  t.equal(order.last, first)
  takeOut(first)
  t.same([order.last, first.next, third.previous], [undefined, undefined, undefined])
})
