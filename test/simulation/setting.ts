import type { Random } from './judge.js'

/** What may happen in a run. `quiet`: only what a client gets over without doing anything twice. */
export type Climate = 'quiet' | 'brokers' | 'network' | 'members' | 'everything'

/** All that a seed decides before anything happens. */
export interface Setting {
  readonly climate: Climate
  readonly partitions: number
  readonly members: number
  readonly ordering: 'partition' | 'key'
  readonly concurrency: number
  /** The longest handler, ms */
  readonly work: number
  readonly messages: number
  /** How long things go wrong, ms */
  readonly storm: number
  readonly faults: number
  /** A second topic, which is deleted, created and cut while it is read. */
  readonly side: boolean
  /** With `latest` publishing begins when the group knows where it begins. */
  readonly offsetReset: 'earliest' | 'latest'
  /** Static members. */
  readonly isStatic: boolean
  /** Another producer writes transactions to the topic, and aborts some. */
  readonly transactions: boolean
  readonly buffer: number
  /** How long one publish may take, ms */
  readonly deadline: number
  /** Handlers return what is published to a third topic. */
  readonly results: boolean
  /** Partitions of that topic store nothing now and then. */
  readonly shaky: boolean
  /** How long one publish of an app may take, ms */
  readonly resultDeadline: number
  /** Bytes that one batch of results may have. The lowest one takes two results. */
  readonly resultBytes: number
  /** Percent, see `Weather`. */
  readonly badness: number
  readonly restlessness: number
}

/** Results that are stored whatever else happens. */
const CALM = { shaky: false, resultDeadline: 30_000, resultBytes: 1_048_588 }

export function chooseSetting (random: Random): Setting {
  const climate: Climate = random.pick(['quiet', 'quiet', 'brokers', 'network', 'members', 'everything'])
  const isBad = climate === 'network' || climate === 'everything'
  const isLatest = random.next() < 0.2
  const isRestless = climate === 'brokers' || climate === 'everything'
  const setting: Omit<Setting, 'results' | keyof typeof CALM> = {
    climate,
    partitions: random.integer(1, 4),
    members: random.integer(1, 3),
    ordering: random.pick(['partition', 'key']),
    concurrency: random.pick([1, 4, 16]),
    work: random.pick([5, 20, 20, 300, 1500]),
    messages: random.integer(30, 120),
    storm: random.integer(10_000, 40_000),
    faults: random.integer(2, 7),
    side: random.next() < 0.4 && !isLatest,
    offsetReset: isLatest ? 'latest' : 'earliest',
    isStatic: random.next() < 0.2,
    transactions: random.next() < 0.3,
    buffer: random.pick([3, 20, 1000]),
    deadline: random.pick([1200, 5000, 30_000]),
    badness: isBad ? random.pick([0.5, 2, 5]) : 0,
    restlessness: isRestless ? random.pick([0, 0.5, 2]) : 0
  }
  const results = setting.messages % 2 === 0
  if (!results || random.next() < 0.3) return { ...setting, results, ...CALM }
  return {
    ...setting,
    results,
    shaky: true,
    resultDeadline: random.pick([300, 1200, 5000]),
    resultBytes: random.pick([200, CALM.resultBytes])
  }
}
