import { isDeepStrictEqual } from 'node:util'
import type { FetchOptions, InheritedConsumerOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { FETCH_DEFAULTS } from '../transport/transport.js'
import { isTopic } from '../transport/topic-partition.js'
import { integer, isObject, onlyKnown } from './assert.js'
import { choice, flag, someText, wholeNumber } from './checks.js'
import { optionsOf, type OptionTable } from './option.js'
import type { GroupSettings, IsolationLevel, OffsetResetMode } from './settings.js'

/** Settings of the client consumer, which all subscribers of a group share. */
export interface ConsumerSettings {
  readonly offsetReset: OffsetResetMode
  readonly isolationLevel: IsolationLevel
  readonly fetch: Readonly<Required<FetchOptions>>
  readonly checkCrcs: boolean
  readonly clientRack: string | undefined
  readonly sessionTimeout: number
  readonly heartbeatInterval: number | undefined
  readonly rebalanceTimeout: number
  readonly groupInstanceId: string | undefined
}

/** What a number of 32 bits holds: sizes on the wire. */
const MAX_SIZE = 2 ** 31 - 1
/** ms; what a Kafka cluster allows by default (`group.max.session.timeout.ms`) */
const LONGEST_SESSION = 1_800_000
/** ms; a node keeps a fetch, and its connection, for so long */
const LONGEST_WAIT = 60_000
/** ms since the epoch, in the year 2100: a time in micro- or nanoseconds is larger */
const LATEST_TIME = Date.UTC(2100, 0)
/** ms of the rebalance time-out that a drain leaves for the rejoin */
const REJOIN = 1000

/** Rows of the inherited options that configure the client consumer. */
export const CONSUMER: OptionTable<InheritedConsumerOptions, ConsumerSettings> = {
  offsetReset: {
    default: 'earliest',
    check: checkOffsetReset,
    doc: '[where reading begins](consumers.md#where-reading-begins) without a usable offset: ' +
      "`'earliest'`, `'latest'`, `'fail'` or `{ timestamp }`"
  },
  isolationLevel: {
    default: 'read_committed',
    check: choice('read_committed', 'read_uncommitted'),
    doc: 'whether records of transactions are read before they are committed, see ' +
      '[transactions](consumers.md#transactions)'
  },
  fetch: {
    default: FETCH_DEFAULTS,
    check: optionsOf<FetchOptions, Required<FetchOptions>>({
      minBytes: wholeNumber(1, MAX_SIZE),
      maxBytes: wholeNumber(1, MAX_SIZE),
      maxBytesPerPartition: wholeNumber(1, MAX_SIZE),
      maxWait: wholeNumber(1, LONGEST_WAIT)
    }),
    shown: '{ minBytes: 1, maxBytes: 10 MiB, maxBytesPerPartition: 1 MiB, maxWait: 250 }',
    doc: 'the bounds of [one fetch](consumers.md#fetches): sizes in bytes, `maxWait` in ms. ' +
      'A member that is left out is inherited'
  },
  checkCrcs: {
    default: true,
    check: flag,
    doc: '`false`: checksums of batches are not compared; a damaged record may then reach the handler'
  },
  clientRack: {
    default: undefined,
    check: someText,
    shown: 'none',
    doc: 'the rack or zone of this process: partitions are read from a [replica in it](consumers.md#fetches)'
  },
  sessionTimeout: {
    default: 30_000,
    check: wholeNumber(1000, LONGEST_SESSION),
    doc: 'ms; the group evicts a member from which it has heard nothing for this time. ' +
      'The cluster has bounds of its own, by default 6 s and 30 min'
  },
  heartbeatInterval: {
    default: undefined,
    check: wholeNumber(100, LONGEST_SESSION / 3),
    shown: 'a third of `sessionTimeout`, at most 1000',
    doc: 'ms from one heartbeat to the next: a rebalance is noticed by a heartbeat. At most a third of `sessionTimeout`'
  },
  rebalanceTimeout: {
    default: 60_000,
    check: wholeNumber(2000, LONGEST_SESSION),
    doc: 'ms; how long the group waits in a rebalance for a member that drains; then it evicts the member'
  },
  groupInstanceId: {
    default: undefined,
    check: checkInstanceId,
    shown: 'none',
    doc: 'the name of this process as a static member of its groups: a restart within `sessionTimeout` ' +
      'makes no rebalance. Each running process needs a name of its own'
  }
}

/** Options that mean nothing without a group. */
const OF_GROUPS = ['sessionTimeout', 'heartbeatInterval', 'rebalanceTimeout', 'groupInstanceId'] as const

/** The first option in which two consumers differ; undefined when they can be one. */
export function differenceOf (one: ConsumerSettings, other: ConsumerSettings): string | undefined {
  return Object.keys(CONSUMER).find((name) => !isDeepStrictEqual(Reflect.get(one, name), Reflect.get(other, name)))
}

/**
 * Checks options that bound each other.
 *
 * @param where names what has them, for the error
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function checkTimes (
  settings: Pick<GroupSettings, 'revokeDrain' | 'rebalanceTimeout' | 'sessionTimeout'> & ConsumerSettings, where = ''
): void {
  const { revokeDrain, rebalanceTimeout, sessionTimeout, heartbeatInterval = 0 } = settings
  const longest = Math.floor(sessionTimeout / 3)
  if (heartbeatInterval > longest) {
    const cure = `must be at most ${longest}, a third of the sessionTimeout of ${sessionTimeout} ms: raise that, too`
    throw new FASTSTREAM_ERR_INVALID_OPTION('heartbeatInterval', cure + where)
  }
  // One heartbeat may pass until the rebalance is noticed, and another one until the member has rejoined.
  const rejoin = Math.max(REJOIN, 2 * heartbeatInterval)
  const most = rebalanceTimeout - rejoin
  if (revokeDrain <= most) return
  const cure = `must be at most ${most}, ${rejoin / 1000} s below the rebalanceTimeout of ${rebalanceTimeout} ms`
  throw new FASTSTREAM_ERR_INVALID_OPTION('revokeDrain', `${cure}: raise that, too${where}`)
}

/**
 * Refuses options of members of a group where a subscriber is none.
 *
 * @param reason option because of which it is none
 * @param where names the subscriber, for the error
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function checkGroupless (written: InheritedConsumerOptions, reason: string, where: string): void {
  const useless = OF_GROUPS.find((name) => written[name] !== undefined)
  if (useless === undefined) return
  const cure = `has no effect with ${reason}, which makes no member of a group: leave one of them out`
  throw new FASTSTREAM_ERR_INVALID_OPTION(useless, cure + where)
}

const checkMode = choice('earliest', 'latest', 'fail')

function checkOffsetReset (
  option: string, given: NonNullable<InheritedConsumerOptions['offsetReset']>
): OffsetResetMode {
  if (!isObject(given)) return checkMode(option, given)
  onlyKnown(`${option}.`, given, ['timestamp'])
  return Object.freeze({ timestamp: checkTimestamp(`${option}.timestamp`, given.timestamp) })
}

/** ms since the epoch. A date that is none has no number, and is refused as such. */
export function checkTimestamp (option: string, timestamp: Date | number): number {
  return integer(option, timestamp instanceof Date ? timestamp.getTime() : timestamp, 0, LATEST_TIME)
}

/** Kafka has the rules of topic names for it. */
function checkInstanceId (option: string, id: string): string {
  if (typeof id !== 'string' || !isTopic(id)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, "must be 1 to 249 letters, digits, '.', '_' or '-'")
  }
  return id
}
