import type { AckPolicy, DeadLetterOptions, RetryOptions } from '../../types/index.js'
import { callable, integer, number, oneOf, onlyKnown, text, withDefaults } from './assert.js'
import { LONGEST_TIMER } from '../clock.js'
import type { Ordering } from '../consume/partition/lanes.js'
import type { RetrySettings } from '../consume/pipeline/backoff.js'
import { checkTopic } from './topic-name.js'

/* The options that a subscriber has, too: what it does not say is the plugin's. */

export type OffsetResetMode = 'earliest' | 'latest' | 'fail'

/** Where a message of a topic goes that cannot be handled; undefined: nowhere. */
export type DeadLetterTopic = (topic: string) => string | undefined

/** `null` is written by hand: no group. */
export function normaliseGroupId (groupId: string | null | undefined): string | null | undefined {
  if (groupId !== undefined && groupId !== null) text('groupId', groupId)
  return groupId
}

export function normaliseOffsetReset (offsetReset: OffsetResetMode | undefined, inherited: OffsetResetMode): OffsetResetMode {
  return choice('offsetReset', offsetReset, ['earliest', 'latest', 'fail'], inherited)
}

export function normaliseAckPolicy (ackPolicy: AckPolicy | undefined, inherited: AckPolicy): AckPolicy {
  return choice('ackPolicy', ackPolicy, ['ACK_FIRST', 'ACK', 'REJECT_ON_ERROR', 'NACK_ON_ERROR', 'MANUAL'], inherited)
}

export function normaliseOrdering (ordering: Ordering | undefined, inherited: Ordering): Ordering {
  return choice('ordering', ordering, ['partition', 'key', 'none'], inherited)
}

export function normaliseHandlerTimeout (handlerTimeout: number | undefined, inherited: number): number {
  return handlerTimeout === undefined ? inherited : number('handlerTimeout', handlerTimeout, 1, LONGEST_TIMER)
}

export function normaliseBodyLimit (bodyLimit: number | undefined, inherited: number): number {
  return bodyLimit === undefined ? inherited : integer('bodyLimit', bodyLimit, 1)
}

/** Members that are left out come from `defaults`. */
export function normaliseRetry (retry: RetryOptions = {}, defaults: RetrySettings): RetrySettings {
  onlyKnown('retry.', retry, Object.keys(defaults))
  const settings = withDefaults(defaults, retry)
  integer('retry.retries', settings.retries, 0)
  number('retry.delay', settings.delay, 0, LONGEST_TIMER)
  number('retry.factor', settings.factor, 1)
  number('retry.maxDelay', settings.maxDelay, 0, LONGEST_TIMER)
  number('retry.jitter', settings.jitter, 0, 1)
  callable('retry.retryOn', settings.retryOn, 'must be a function of the error')
  return Object.freeze(settings)
}

export function normaliseDeadLetter (deadLetter: DeadLetterOptions | false = {}): DeadLetterTopic {
  if (deadLetter === false) return () => undefined
  onlyKnown('deadLetter.', deadLetter, ['topic'])
  const { topic = (topic: string) => `${topic}.dlq` } = deadLetter
  if (typeof topic === 'function') {
    callable('deadLetter.topic', topic, 'must be a topic or a function of the topic')
    return (origin) => checkTopic(topic(origin))
  }
  checkTopic(topic)
  return () => topic
}

function choice<T extends string> (option: string, given: T | undefined, allowed: readonly T[], inherited: T): T {
  if (given === undefined) return inherited
  oneOf(option, given, allowed)
  return given
}
