import { FASTSTREAM_ERR_NOT_SETTLED } from '../errors.js'
import type { Producer } from '../produce/producer.js'
import type { MemoryCluster } from '../transport/memory/index.js'

/** Waits until nothing is on its way: every publish is in the log, and every group has committed all of its topics. */
export function settled (cluster: MemoryCluster, producers: readonly Producer[], timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop()
      reject(new FASTSTREAM_ERR_NOT_SETTLED(timeout, unsettled().join(', ')))
    }, timeout)
    const stopListening = cluster.onChange(checkSoon)
    let check: NodeJS.Immediate | undefined

    // Later, so that whoever is told at the same time has published what it publishes.
    function checkSoon (): void {
      check ??= setImmediate(() => {
        check = undefined
        if (unsettled().length > 0) return
        stop()
        resolve()
      })
    }

    function stop (): void {
      clearTimeout(timer)
      clearImmediate(check)
      stopListening()
    }

    checkSoon()
  })

  function unsettled (): string[] {
    const publishing = producers.reduce((sum, { pending }) => sum + pending, 0)
    const waiting = cluster.lag().map(({ groupId, topic, partition, committed, end }) => `group ${groupId} is at ${committed} of ${end} in ${topic}[${partition}]`)
    return publishing > 0 ? [`${publishing} messages are being published`, ...waiting] : waiting
  }
}
