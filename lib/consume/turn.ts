import { sleep, type Clock } from '../clock.js'
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

/** Waits for the next try; false when nobody waits for it any longer, which may turn out when the wait is over and others run. */
export async function waited (ms: number, { halt, pause }: Turn, clock: Clock): Promise<boolean> {
  return await pause(sleep(clock, ms, halt)) && !halt.aborted
}
