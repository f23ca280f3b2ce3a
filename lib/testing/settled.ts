import { nextTurn, systemClock } from '../clock.js'
import { FASTSTREAM_ERR_NOT_SETTLED } from '../errors.js'
import type { Producer } from '../produce/producer.js'
import type { MemoryCluster } from '../transport/memory/index.js'

/**
 * Waits until nothing is on its way: every publish is in the log, and every group has committed all of its topics.
 *
 * @param table returns what the error shows of every message
 * @throws FASTSTREAM_ERR_NOT_SETTLED
 */
export function settled (
  cluster: MemoryCluster, producers: readonly Producer[], { timeout, table }: { timeout: number, table: () => string }
): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = systemClock.schedule(timeout, () => {
      stop()
      reject(new FASTSTREAM_ERR_NOT_SETTLED(timeout, `${unsettled().join(', ')}\n${table()}\n`))
    })
    const stopListening = cluster.onChange(checkSoon)
    let checking = false
    let stopped = false

    // Later, so that other listeners of the same event have published by then.
    function checkSoon (): void {
      if (stopped || checking) return
      checking = true
      nextTurn(() => {
        checking = false
        if (publishing() > 0) return whenPublished(checkSoon)
        if (unsettled().length > 0) return
        stop()
        resolve()
      })
    }

    function stop (): void {
      stopped = true
      cancel()
      stopListening()
    }

    checkSoon()
  })

  /** A publish that fails changes nothing in the cluster, which would tell. */
  function whenPublished (check: () => void): void {
    Promise.all(producers.map((producer) => producer.idle())).then(check)
  }

  function publishing (): number {
    return producers.reduce((sum, { pending }) => sum + pending, 0)
  }

  function unsettled (): string[] {
    const waiting = cluster.lag().map(({ groupId, topic, partition, committed, end }) => {
      return `group ${groupId} is at ${committed} of ${end} in ${topic}[${partition}]`
    })
    return publishing() > 0 ? [`${publishing()} messages are being published`, ...waiting] : waiting
  }
}
