import { type Clock, systemClock } from '../../clock.js'

/**
 * Clock and randomness that the client takes from the process. Tests and the simulated cluster give their own, so that
 * a seed replays exactly.
 */
export interface Environment {
  readonly clock: Clock
  /** Number from 0 up to, but not including, 1. */
  readonly random: () => number
}

export const systemEnvironment: Environment = {
  clock: systemClock,
  random: Math.random
}
