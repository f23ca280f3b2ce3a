import type { Pause } from './lanes.js'

/** What a message has while it is its turn in its lane. */
export interface Turn {
  /** Aborts when nobody waits for another try. */
  readonly halt: AbortSignal
  /** Lets other lanes run while this one waits. */
  readonly pause: Pause
  /** Settles the message before its turn is over. */
  settle (): void
}
