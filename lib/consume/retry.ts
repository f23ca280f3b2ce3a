/** How waits grow; ms. */
export interface BackoffSettings {
  readonly delay: number
  readonly factor: number
  readonly maxDelay: number
  readonly jitter: number
}

/** `retry` with every member filled in. */
export interface RetrySettings extends BackoffSettings {
  readonly retries: number
  readonly retryOn: (error: unknown) => boolean
}

/** Above this Node's timers fire at once. */
const LONGEST = 2 ** 31 - 1

/** The wait before retry number `retry` (from 1), ms. */
export function backoff (settings: BackoffSettings, retry: number, random: () => number = Math.random): number {
  const delay = Math.min(settings.delay * settings.factor ** (retry - 1), settings.maxDelay)
  return Math.min(delay * (1 + settings.jitter * (2 * random() - 1)), LONGEST)
}
