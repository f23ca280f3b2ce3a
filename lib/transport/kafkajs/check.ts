import type { Load } from './modules.js'
import { REPLACEMENTS } from './replacements.js'
import { KAFKAJS_REQUESTS } from './requests.js'

/**
 * Throws unless a loaded copy encodes and decodes every request in the versions that we use, and runs each
 * replacement.
 */
export function checkCopy (load: Load, isUsed: (path: string) => boolean): void {
  load('src/network/connection.js')
  const { requests } = load('src/protocol/requests/index.js')
  for (const { kafkajs, versions: { min, max } } of Object.values(KAFKAJS_REQUESTS)) {
    for (let version = min; version <= max; version++) {
      const request = requests[kafkajs]?.protocol({ version })
      if (request === undefined) throw new Error(`it does not know version ${version} of the ${kafkajs} request`)
      request({ topics: [], topicData: [], groupProtocols: [], groupAssignment: [] })
    }
  }
  for (const path of REPLACEMENTS.keys()) {
    if (!isUsed(path)) throw new Error(`it does not use ${path}, which is replaced`)
  }
}
