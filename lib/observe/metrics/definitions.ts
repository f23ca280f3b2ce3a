/** One metric: its name, its meaning, and its labels beside `cluster`. */
export interface Definition {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, seconds. */
  readonly buckets?: readonly number[]
}

const OF_SUBSCRIBER = ['topic', 'group']
const OF_PARTITION = ['topic', 'partition', 'group']
/** From a handler that only computes to the default `handlerTimeout`. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** The label that every metric has: the name of the broker. */
export const CLUSTER = 'cluster'

/* Labels are bounded by what an app declares. None is a key, an offset, a member or the id of a message. */

/** The metrics that are counted and measured when something happens. */
export const METRICS = {
  processed: {
    name: 'faststream_messages_processed_total',
    help: 'Messages by what became of them, and retries.',
    labels: [...OF_SUBSCRIBER, 'outcome']
  },
  processing: {
    name: 'faststream_process_duration_seconds',
    help: 'Time of one attempt, from decoding to the publishing of its result.',
    labels: OF_SUBSCRIBER,
    buckets: BUCKETS
  },
  deadLetters: {
    name: 'faststream_dead_letters_total',
    help: 'Messages that were moved to a dead-letter topic, by the stage at which they failed.',
    labels: [...OF_SUBSCRIBER, 'stage']
  },
  stalls: {
    name: 'faststream_event_loop_stalls_total',
    help: 'Attempts that held the event loop for 50 ms or longer before they waited for the first time.',
    labels: OF_SUBSCRIBER
  },
  corruptBatches: {
    name: 'faststream_corrupt_batches_total',
    help: 'Batches that could not be decoded: their partitions stand still until skipTo().',
    labels: OF_SUBSCRIBER
  },
  publishing: {
    name: 'faststream_publish_duration_seconds',
    help: 'Time from publish() to the acknowledgement of the cluster, or to the failure.',
    labels: ['topic', 'outcome'],
    buckets: BUCKETS
  },
  rebalances: {
    name: 'faststream_rebalances_total',
    help: 'Rebalances of a group, by their reason; joined is the first assignment.',
    labels: ['group', 'reason']
  },
  drainTimeouts: {
    name: 'faststream_drain_timeouts_total',
    help: 'Drains before a rebalance or a close that handlers did not end in time.',
    labels: ['group', 'reason']
  }
} as const satisfies Record<string, Definition>

/** The gauges that are read when metrics are collected. */
export const COLLECTED = {
  inFlight: {
    name: 'faststream_in_flight',
    help: 'Attempts that run.',
    labels: OF_SUBSCRIBER
  },
  queueMessages: {
    name: 'faststream_publish_queue_messages',
    help: 'Published messages that wait for the cluster.',
    labels: []
  },
  queueBytes: {
    name: 'faststream_publish_queue_bytes',
    help: 'Size of the published messages that wait for the cluster.',
    labels: []
  },
  commitAge: {
    name: 'faststream_commit_age_seconds',
    help: 'Age of the oldest unsettled message of a partition of this process.',
    labels: OF_PARTITION
  },
  lag: {
    name: 'faststream_lag',
    help: 'Unsettled messages of a partition of this process, those that were not fetched included.',
    labels: OF_PARTITION
  }
} as const satisfies Record<string, Definition>

/** All metrics, as documentation, dashboard and alerts name them. */
export const DEFINITIONS: readonly Definition[] = [...Object.values(METRICS), ...Object.values(COLLECTED)]
