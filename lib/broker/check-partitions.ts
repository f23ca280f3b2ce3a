import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { Transport } from '../transport/transport.js'
import { namesOf, whereOf, type SubscriberSettings } from './plan.js'

/**
 * Checks that partitions which are chosen by hand exist. A topic that does not exist may get them yet.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export async function checkPartitions (
  transport: Transport, subscribers: readonly SubscriberSettings[]
): Promise<void> {
  for (const subscriber of subscribers) {
    const { partitions } = subscriber
    if (partitions === undefined) continue
    for (const [topic, count] of await transport.describeTopics(namesOf(subscriber))) {
      const missing = partitions.find((partition) => partition >= count)
      if (missing === undefined) continue
      const cure = `must exist: '${topic}' has ${count}, counted from 0, and no partition ${missing}`
      throw new FASTSTREAM_ERR_INVALID_OPTION('partitions', `${cure} (${whereOf(subscriber)})`)
    }
  }
}
