/** What a message has while it is its turn in its lane. */
export interface LaneSlot {
  /** Waits for another try, ms, and lets other lanes run meanwhile; false when nobody waits for it any longer. */
  wait (ms: number): Promise<boolean>
  /** Settles the message before its turn is over. */
  settle (): void
}
