import { LONGEST_TIMER } from '../../clock.js'
import type { BackoffSettings } from '../../options/settings.js'

/** The wait before retry number `retry` (from 1), ms. */
export function backoff (settings: BackoffSettings, retry: number, random: () => number = Math.random): number {
  // Not to infinity: times a delay of 0 that is no number.
  const growth = Math.min(settings.factor ** (retry - 1), Number.MAX_VALUE)
  const delay = Math.min(settings.delay * growth, settings.maxDelay)
  return Math.min(delay * (1 + settings.jitter * (2 * random() - 1)), LONGEST_TIMER)
}
