import type { ConsumerOptions } from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import { isFinal } from '../cluster/protocol-errors.js'
import type { Operation } from '../cluster/retry-until.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import { Subscription } from './subscription.js'

interface FindTopicsOptions {
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
  readonly closing: AbortSignal
}

/** ms that one question to the cluster may take */
const PATIENCE = 5000

/**
 * Asks about the topics of a new subscription until the cluster answers: where they begin can be known only then.
 * Rejects when it refuses one of them, or the client.
 */
export async function findTopics (
  asked: Pick<ConsumerOptions, 'topics' | 'partitions'>, { cluster, metadata, closing }: FindTopicsOptions
): Promise<Subscription> {
  const found = new Subscription(asked, metadata)
  const ask = (operation: Operation): Promise<void> => operation.repeat(() => found.refresh(operation))
  for (let known = false; !known;) {
    known = await cluster.until(PATIENCE, ask, closing).then(() => true, (err) => {
      if (isFinal(err) || closing.aborted) throw err
      return false
    })
  }
  for (const topic of found.topics) metadata.throwIfRefused(topic)
  return found
}
