import { SendError } from '../../transport.js'
import type { ProducedRecord, TransportOptions, TransportProducer } from '../../transport.js'
import { groupBy, isPending, partitionId, toBatches } from './produce-batch.js'
import type { Batch } from './produce-batch.js'
import { Cluster } from '../cluster/cluster.js'
import { InterruptedError, code, isFinal, isNeverAppended, isRefusal, isTooLarge, protocolError, reasonOf } from '../cluster/protocol-errors.js'
import type { Operation } from '../cluster/retry-until.js'
import { Topics, propagation } from '../cluster/topic-metadata.js'

interface InitProducerIdAnswer {
  readonly errorCode: number
  readonly producerId: string
  readonly producerEpoch: number
}

interface ProduceAnswer {
  readonly topics: ReadonlyArray<{ readonly topicName: string, readonly partitions: readonly Row[] }>
}

interface Row {
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: string
}

/** What the cluster knows an idempotent producer by, and its next sequence number per partition. */
interface Identity {
  readonly producerId: string
  readonly producerEpoch: number
  readonly sequences: Map<string, number>
}

const lastEpoch = 2 ** 15 - 1

/**
 * An idempotent producer that keeps its own sequence numbers. KafkaJS's loses, repeats and reorders records when
 * a send over several partitions fails in part: it sends again to nodes that have answered or are about to, leaves
 * out partitions whose leader moved, forgets which partitions of a failed request were stored, and takes back the
 * sequence numbers of records that may be in the log.
 *
 * Here a batch keeps its sequence number until the cluster has acknowledged it, so that a repetition of what is
 * stored already is recognised and answered with the first offset. When a batch is given up and may be stored, its
 * number is burnt: the next send goes under a new epoch.
 */
export function createProducer (options: TransportOptions): TransportProducer {
  const cluster = new Cluster(options)
  const topics = new Topics(cluster, options)
  let identity: Identity | undefined

  async function send (records: readonly ProducedRecord[], deadline: number): Promise<readonly bigint[]> {
    const { batches, places } = toBatches(records)
    let failure: unknown
    try {
      await cluster.until(deadline, (operation) => deliver(operation, batches))
      failure = batches.find(({ refused }) => refused)?.failure
    } catch (err) {
      failure = err
    }
    const offsets = places.map(({ batch: { offset }, index }) => offset === undefined ? undefined : offset + BigInt(index))
    if (offsets.every((offset) => offset !== undefined)) return offsets
    if (batches.some(isUncertain)) identity = renewed(batches)
    throw sendError(batches, offsets, failure)
  }

  async function deliver (operation: Operation, batches: readonly Batch[]): Promise<void> {
    const self = await operation.repeat(() => identify(operation))
    let again = false
    await operation.repeat(async () => {
      const pending = batches.filter(isPending)
      if (again || pending.some(({ topic, partition }) => !(partition in topics.get(topic).leaders))) {
        await topics.refresh(operation, [...new Set(pending.map(({ topic }) => topic))])
      }
      await Promise.all([...groupBy(pending, leaderOf)].map(async ([leader, batches]) => {
        if (leader !== undefined) await produce(operation, self, leader, batches)
      }))
      const failed = pending.find(isPending)
      if (failed === undefined) return
      if (!again) options.log.warn({ topic: failed.topic, partition: failed.partition, reason: reasonOf(failed.failure) }, 'a send failed and is repeated')
      again = true
      throw failed.failure
    })
  }

  async function identify (operation: Operation): Promise<Identity> {
    if (identity !== undefined) return identity
    // A node that has lost its controller has no identity to give for half a minute, while another may have one.
    const { producerId, producerEpoch } = await cluster.ask(operation, 'InitProducerId', { transactionTimeout: 0 }, (answer: InitProducerIdAnswer) => {
      if (answer.errorCode !== code.none) throw protocolError(answer.errorCode)
    })
    identity = { producerId, producerEpoch, sequences: new Map() }
    return identity
  }

  /**
   * The next epoch of the same producer id starts at sequence 0 without asking anybody, also during an outage, and
   * keeps what was given up from getting in behind what follows. An id that the cluster objected to is not used again.
   */
  function renewed (batches: readonly Batch[]): Identity | undefined {
    if (identity === undefined || identity.producerEpoch === lastEpoch) return undefined
    if (batches.some((batch) => isUncertain(batch) && batch.refused)) return undefined
    return { producerId: identity.producerId, producerEpoch: identity.producerEpoch + 1, sequences: new Map() }
  }

  function leaderOf (batch: Batch): number | undefined {
    const { errorCode, leaders } = topics.get(batch.topic)
    const leader = leaders[batch.partition]
    if (leader !== undefined && leader >= 0) return leader
    if (leader !== undefined) {
      batch.failure = protocolError(code.leaderNotAvailable)
      return undefined
    }
    const error = protocolError(errorCode === code.none ? code.unknownTopicOrPartition : errorCode)
    batch.failure = error
    batch.missingSince ??= Date.now()
    batch.refused = isFinal(error) || Date.now() - batch.missingSince > propagation
    return undefined
  }

  /** One attempt at one node. Never rejects: how it went is noted in the batches. */
  async function produce (operation: Operation, self: Identity, leader: number, batches: readonly Batch[]): Promise<void> {
    try {
      const node = await cluster.node(leader)
      if (node === undefined) throw protocolError(code.leaderNotAvailable)
      // Given up meanwhile as not sent: then it must not be.
      operation.throwIfInterrupted()
      for (const batch of batches) batch.uncertain++
      const answer = await node.request<ProduceAnswer>('Produce', produceRequest(self, batches)).catch((err) => {
        cluster.drop(node)
        throw err
      })
      for (const batch of batches) note(self, batch, findRow(answer, batch))
    } catch (err) {
      for (const batch of batches) batch.failure = err as Error
    }
  }

  function produceRequest ({ producerId, producerEpoch, sequences }: Identity, batches: readonly Batch[]): object {
    return {
      acks: -1,
      // The node gives up waiting for its replicas before we give up waiting for the node.
      timeout: cluster.requestTimeout * 0.8,
      producerId,
      producerEpoch,
      topicData: [...groupBy(batches, ({ topic }) => topic)].map(([topic, batches]) => ({
        topic,
        partitions: batches.map((batch) => ({
          partition: batch.partition,
          firstSequence: sequences.get(partitionId(batch)) ?? 0,
          messages: batch.messages
        }))
      }))
    }
  }

  return {
    send,
    partitionCount: (topic) => topics.partitionCount(topic),
    async close () { cluster.close() }
  }
}

function findRow ({ topics }: ProduceAnswer, { topic, partition }: Batch): Row | undefined {
  return topics.find(({ topicName }) => topicName === topic)?.partitions.find((row) => row.partition === partition)
}

function note ({ sequences }: Identity, batch: Batch, row: Row | undefined): void {
  if (row === undefined) {
    batch.failure = new Error('the answer says nothing about the partition')
    return
  }
  if (row.errorCode === code.none) {
    const id = partitionId(batch)
    batch.offset = BigInt(row.baseOffset)
    sequences.set(id, ((sequences.get(id) ?? 0) + batch.messages.length) % 2 ** 31)
    return
  }
  const error = protocolError(row.errorCode)
  batch.failure = error
  batch.refused = isFinal(error)
  if (isRefusal(error) || isNeverAppended(row.errorCode)) batch.uncertain--
}

function isUncertain ({ offset, uncertain }: Batch): boolean {
  return offset === undefined && uncertain > 0
}

function sendError (batches: readonly Batch[], offsets: SendError['offsets'], failure: unknown): SendError {
  return new SendError(reasonOf(failure), batches.some(isUncertain) ? 'unknown' : 'not-sent', whyOf(failure), { offsets, cause: failure })
}

function whyOf (failure: unknown): SendError['reason'] {
  if (failure instanceof InterruptedError) return failure.reason
  return isTooLarge(failure) ? 'too-large' : 'refused'
}
