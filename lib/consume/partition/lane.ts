import type { Fifo } from './fifo.js'
import type { OpenItems } from './open-items.js'

export interface Lane<T> {
  readonly key: string
  readonly partition: PartitionLanes<T>
  readonly items: Fifo<T>
  /** Those that were begun, and let the next one begin; undefined: there are none. */
  open: OpenItems<T> | undefined
  running: boolean
  /** Queued in its partition. */
  ready: boolean
}

/** The lanes of one partition. */
export interface PartitionLanes<T> {
  /** Lanes that have items and run none of them; they take turns. */
  readonly ready: Fifo<Lane<T>>
}

/** Whether something that was begun in it has not ended. */
export function isBusy<T> ({ running, open }: Lane<T>): boolean {
  return running || (open !== undefined && open.size > 0)
}

export function mayBegin<T> ({ items, open }: Lane<T>): boolean {
  return items.size > 0 && open?.broken !== true
}
