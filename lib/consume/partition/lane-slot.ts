import type { MessageSettledEvent } from '../../../types/index.js'
import type { SendOrder } from '../../message/outgoing.js'

/** Way in which a message was settled, see {@link MessageSettledEvent}. */
export type Settlement = MessageSettledEvent['outcome']

/** Operations of a message while it holds its place in its lane. */
export interface LaneSlot {
  /**
   * Waits `ms` for another try and lets other lanes run meanwhile; false when the lane was halted: the message stays
   * unsettled. `beforeAttempt`: the try runs the handler, so that a paused subscriber is waited for, too.
   */
  wait (ms: number, beforeAttempt?: boolean): Promise<boolean>
  /**
   * Lets other lanes run until `opened` resolves, for another try; false when the lane was halted, as `signal` says.
   */
  hold (opened: (signal: AbortSignal) => Promise<boolean>): Promise<boolean>
  /** Tells the name of the subscriber that takes the message, where several read its topic. */
  takenBy? (subscriber: string): void
  /** Tells that the handler has ended, and that the message waits for its decision. */
  awaitsDecision? (): void
  /** Order of the results of its lane; undefined where they are stored one message after the other. */
  readonly resultOrder?: SendOrder | undefined
  /** Lets its lane begin the next message while the results of this one are being stored. */
  letNextBegin? (): void
  /**
   * Waits for the messages before it in its lane whose results are being stored. Undefined where there are none;
   * else resolves to false when one of them stayed unsettled: this one must do so, too.
   */
  first? (): Promise<boolean> | undefined
  /** Settles the message before its lane goes on, @default 'acknowledged'. Only the first call counts. */
  settle (outcome?: Settlement): void
  /** Way in which the message was settled; undefined when it was not. */
  readonly settlement?: Settlement | undefined
}

/**
 * Gives the item's place away while it waits; settles as `waiting` does, once the item has a place again. An item that
 * only ends needs none.
 */
export type Pause = <Result>(waiting: Promise<Result>, needsPlace?: () => boolean) => Promise<Result>
