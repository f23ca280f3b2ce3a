import { notAuthorized, type Right } from '../../../missing-rights.js'
import type { NeededRights, TransportLog } from '../../transport.js'
import { eachOf } from '../group-by.js'
import { encodeBatch } from '../records/encode-batch.js'
import type { OfTopics, PartitionAnswer } from '../wire.js'
import type { Cluster } from './cluster.js'
import { CODE, isCoded } from './protocol-errors.js'
import type { Operation } from './retry-until.js'

/** No topic has it. Kafka looks at the rights of a client before it looks for the partition. */
const NO_PARTITION = 2 ** 31 - 1
const NO_MEMBER = { memberId: '', groupInstanceId: null, generationId: -1 }
const NO_PRODUCER = { producerId: -1n, producerEpoch: -1, firstSequence: -1 }

/**
 * Asks the cluster for what cannot be there, so that nothing is read, written or joined: the answer tells whether the
 * right to do so is missing. A check that gets no answer decides nothing.
 *
 * @throws FASTSTREAM_ERR_NOT_AUTHORIZED with all rights that are missing
 */
export async function checkRights (cluster: Cluster, needed: NeededRights, log: TransportLog): Promise<void> {
  const missing = await cluster.until(cluster.requestTimeout, (operation) => missingRights(cluster, needed, operation))
    .catch((err) => {
      if (isCoded(err)) throw err
      log.debug({ err }, 'the rights on the cluster could not be checked')
      return []
    })
  if (missing.length > 0) throw notAuthorized(missing, cluster.principal)
}

async function missingRights (
  cluster: Cluster, { read, write, groups }: NeededRights, operation: Operation
): Promise<readonly Right[]> {
  const missing = await Promise.all([
    ...groups.map((groupId) => askGroup(cluster, operation, groupId)),
    read.length === 0 ? [] : askRead(cluster, operation, read),
    write.length === 0 ? [] : askWrite(cluster, operation, write)
  ])
  return missing.flat()
}

async function askGroup (cluster: Cluster, operation: Operation, groupId: string): Promise<readonly Right[]> {
  const { errorCode } = await cluster.ask(operation, 'Heartbeat', { groupId, ...NO_MEMBER })
  if (errorCode !== CODE.groupAuthorizationFailed) return []
  return [{ operation: 'Read', resource: 'group', name: groupId }]
}

async function askRead (cluster: Cluster, operation: Operation, topics: readonly string[]): Promise<readonly Right[]> {
  const { topics: rows } = await cluster.ask(operation, 'Fetch', {
    maxWait: 0,
    minBytes: 0,
    maxBytes: 1,
    isolationLevel: 0,
    rack: '',
    topics: topics.map((topic) => ({ topic, partitions: [{ partition: NO_PARTITION, offset: 0n, maxBytes: 1 }] }))
  })
  return denied(topics, rows, 'Read')
}

async function askWrite (cluster: Cluster, operation: Operation, topics: readonly string[]): Promise<readonly Right[]> {
  const records = encodeBatch([{ key: null, value: null, headers: [], timestamp: 0 }], NO_PRODUCER)
  const { topics: rows } = await cluster.ask(operation, 'Produce', {
    timeout: 0,
    topics: topics.map((topic) => ({ topic, partitions: [{ partition: NO_PARTITION, records }] }))
  })
  return denied(topics, rows, 'Write')
}

function denied (
  topics: readonly string[], rows: OfTopics<PartitionAnswer>, operation: Right['operation']
): readonly Right[] {
  const refused = new Set<string>()
  for (const { topic, errorCode } of eachOf(rows)) if (errorCode === CODE.topicAuthorizationFailed) refused.add(topic)
  // In the order of the question: that of the answer is any.
  return topics.filter((topic) => refused.has(topic)).map((name) => ({ operation, resource: 'topic', name }))
}
