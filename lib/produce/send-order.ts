import type { InOrder, SendOrder } from '../message/outgoing.js'

/*
 * Records of one order reach each partition in the order of their publishes, also when some of them fail. This relies
 * on the batcher, which sends in that order and has one send in flight, and on the transport: it stores the records of
 * one send to one partition in their order, and none behind one that failed (Kafka: one batch, which is stored as a
 * whole or not at all, and whose sequence number keeps a late copy of it from getting in behind what follows). So a
 * record that failed can only be overtaken by what is sent after it, or by what is in flight with it when its deadline
 * comes: both are withdrawn. Those who publish send the failed one again, and then what was withdrawn.
 */

/** The error of a record that was taken back because one before it failed. It may be in the log. */
export class Withdrawn extends Error {
  constructor () {
    super('a message that must be stored before it has failed')
  }
}

/** Whether a publish failed only because one before it did. */
export function isWithdrawn (error: Error): boolean {
  return error instanceof Withdrawn
}

/** An entry that may be one of an order. */
interface Ordered extends InOrder {
  readonly order?: SendOrder | undefined
}

/** Puts an entry behind the last one of its order. */
export function putBehind (entry: Ordered): void {
  const { order } = entry
  if (order === undefined) return
  entry.previous = order.last
  if (order.last !== undefined) order.last.next = entry
  order.last = entry
}

/**
 * Takes an entry that has its outcome out of its order. A linked entry would keep all later ones in memory: V8 frees
 * old objects rarely, and until then all that an old object links to grows old, too. Such links made consuming with
 * results a third slower, and took hundreds of megabytes.
 */
export function takeOut (entry: Ordered): void {
  const { order, previous, next } = entry
  if (previous !== undefined) previous.next = next
  if (next !== undefined) next.previous = previous
  if (order?.last === entry) order.last = previous
  entry.previous = entry.next = undefined
}

/**
 * Breaks the order of an entry that fails, and returns those behind it. `open`: entries of one producer without an
 * outcome. Takes as long as there are entries behind it: those of thousands of lanes may fail at once.
 */
export function behind<Entry extends Ordered> (entry: Entry, open: ReadonlySet<Entry>): readonly Entry[] {
  const { order } = entry
  if (order === undefined || order.broken) return []
  order.broken = true
  const later: Entry[] = []
  for (let each = entry.next; each !== undefined; each = each.next) if (isOf<Entry>(open, each)) later.push(each)
  return later
}

function isOf<Entry extends InOrder> (open: ReadonlySet<InOrder>, each: InOrder): each is Entry {
  return open.has(each)
}
