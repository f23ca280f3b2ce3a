import type { InOrder, Outgoing, SendOrder } from '../message/outgoing.js'
import type { ProducedRecord } from '../transport/transport.js'

/** A publish that waits for its outcome. */
export interface Entry extends InOrder {
  readonly record: { -readonly [K in keyof ProducedRecord]: ProducedRecord[K] }
  /** Where the record comes from: its partition is chosen by this. */
  readonly outgoing: Outgoing
  readonly size: number
  /** ms by the clock's `elapsed` */
  readonly deadline: number
  readonly resolve: (offset: bigint) => void
  readonly reject: (error: Error) => void
  /** Told when it has a place in the queue, unless it has failed already. */
  readonly queued?: (() => void) | undefined
  /** Entries that must not overtake it; undefined: none. */
  readonly order?: SendOrder | undefined
  /** Counts in the queue; false while it waits for room. */
  counted: boolean
  /** Handed to the transport, once at least. */
  sent: boolean
  done: boolean
}
