import { nextTurn, systemClock } from '../clock.js'
import type { Recorder } from './recorder.js'

/**
 * Waits until `check` no longer throws: it runs after each change of the record, in a turn of the event loop of its
 * own. Rejects after `timeout` ms with what it has thrown last. Resolves to what it returns.
 */
export function until<T> (recorder: Recorder, timeout: number, check: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    let lastError: unknown
    let checking = false
    const cancel = systemClock.schedule(timeout, () => { end(() => { reject(lastError) }) })
    const stopListening = recorder.onChange(checkSoon)
    let ended = false

    function end (settle: () => void): void {
      ended = true
      cancel()
      stopListening()
      settle()
    }

    function checkNow (): void {
      if (ended) return
      try {
        const result = check()
        end(() => { resolve(result) })
      } catch (error) {
        lastError = error
      }
    }

    function checkSoon (): void {
      if (checking) return
      checking = true
      nextTurn(() => {
        checking = false
        checkNow()
      })
    }

    checkNow()
  })
}
