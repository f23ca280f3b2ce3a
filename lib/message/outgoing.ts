import type { RawHeader } from '../transport/transport.js'

/** A message that is checked and encoded: bytes, and where they go. Plain data: it can be kept, and published again as it is. */
export interface Outgoing {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** ms since the epoch */
  readonly timestamp: number
  /** The producer chooses a partition by the key when this is left out. */
  readonly partition?: number | undefined
}
