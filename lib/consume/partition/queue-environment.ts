import type { Environment } from '../environment.js'
import type { Committer } from '../group/committer.js'
import type { Session } from '../group/session.js'
import type { Pace } from './pace.js'
import type { SubscriberQueue } from './subscriber-queue.js'

/** What a queue knows of its group. */
export interface QueueEnvironment extends Environment {
  readonly session: Session
  readonly committer: Committer
  readonly pace: Pace
  /** Called when a handler has thrown `StopConsume`. */
  readonly onStop: (queue: SubscriberQueue) => void
}
