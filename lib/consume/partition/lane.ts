import { Fifo } from './fifo.js'
import { OpenItems } from './open-items.js'

/** The lanes of one partition. */
export interface PartitionLanes<T> {
  /** Lanes that have items and run none of them; they take turns. */
  readonly ready: Fifo<Lane<T>>
}

/**
 * Items that run one after the other. Most lanes of keys have one item, which takes no queue: the array of a queue has
 * room for 17.
 */
export class Lane<T> {
  readonly key: string
  readonly partition: PartitionLanes<T>
  running = false
  /** Queued in its partition. */
  ready = false
  /** Items that were begun, and have let the next one begin; undefined: there are none. */
  open: OpenItems<T> | undefined
  #first: T | undefined
  /** Items behind the first one. */
  #others: Fifo<T> | undefined

  constructor (key: string, partition: PartitionLanes<T>) {
    this.key = key
    this.partition = partition
  }

  get isEmpty (): boolean {
    return this.#first === undefined
  }

  /** Whether an item that was begun has not ended. */
  get isBusy (): boolean {
    return this.running || (this.open !== undefined && this.open.size > 0)
  }

  get mayBegin (): boolean {
    return !this.isEmpty && this.open?.broken !== true
  }

  /** {@link open}, made where there is none. */
  get opened (): OpenItems<T> {
    return (this.open ??= new OpenItems())
  }

  push (item: T): void {
    if (this.#first === undefined) this.#first = item
    else (this.#others ??= new Fifo()).push(item)
  }

  shift (): T | undefined {
    const first = this.#first
    this.#first = this.#others?.shift()
    return first
  }

  clear (): void {
    this.#first = undefined
    this.#others = undefined
  }
}
