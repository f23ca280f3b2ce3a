import { setMaxListeners } from 'node:events'

/** Any number of messages may wait for a retry at once: a listener for each is no leak. */
export function halter (): AbortController {
  const halt = new AbortController()
  setMaxListeners(0, halt.signal)
  return halt
}
