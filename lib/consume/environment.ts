import type { Clock } from '../clock.js'
import type { Events } from '../events.js'
import type { Log } from '../log.js'

/** Environment that the parts of one broker share. */
export interface Environment {
  readonly clock: Clock
  readonly log: Log
  readonly events: Events
}
