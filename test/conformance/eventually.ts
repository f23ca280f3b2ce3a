import { setTimeout as wait } from 'node:timers/promises'

/**
 * Asks until the answer is yes: for states of the cluster, which does not announce its changes. The test's time-out is
 * the bound.
 */
export async function eventually (condition: () => Promise<boolean>): Promise<void> {
  while (!await condition()) await wait(20)
}
