import { type ProducedRecord, SendError, type TransportLog, type TransportProducer } from '../../transport.js'
import { isNotAuthorized } from '../../../missing-rights.js'
import { LightSignal } from '../../../light-signal.js'
import type { Cluster } from '../cluster/cluster.js'
import { answerError, namedError, throwIfFailed } from '../cluster/denied.js'
import {
  CODE, InterruptedError, isFinal, isNeverAppended, isRefusal, isTooLarge, ProtocolError
} from '../cluster/protocol-errors.js'
import type { Operation } from '../cluster/retry-until.js'
import { PROPAGATION, type TopicMetadata } from '../cluster/topic-metadata.js'
import { byTopic, groupBy, partitionId } from '../group-by.js'
import type { CompressRecords } from '../records/compress.js'
import { encodeBatch } from '../records/encode-batch.js'
import { type ProduceAnswer, type ProduceRequest, WireError } from '../wire.js'
import { isPending, type ProduceBatch, toBatches } from './produce-batch.js'
import { reasonOf, toError } from '../../../to-error.js'

type Row = ProduceAnswer['topics'][number]['partitions'][number]

/** Identity of an idempotent producer on the cluster, and its next sequence number per partition. */
interface Identity {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly sequences: Map<string, number>
}

export interface ProducerOptions {
  readonly log: TransportLog
  /** Undefined: batches are not compressed. */
  readonly compress?: CompressRecords | undefined
}

const LAST_EPOCH = 2 ** 15 - 1

/**
 * An idempotent producer that keeps its own sequence numbers.
 *
 * A batch keeps its sequence number until the cluster has acknowledged it, so that a repetition of what is stored
 * already is recognised and answered with the first offset. When a batch is given up that may be stored, its number
 * is burnt: the next send goes under a new epoch.
 */
export function createProducer (
  cluster: Cluster, metadata: TopicMetadata, { log, compress }: ProducerOptions
): TransportProducer {
  const { clock } = cluster.environment
  const closing = new LightSignal()
  let identity: Identity | undefined

  async function send (records: readonly ProducedRecord[], deadline: number): Promise<readonly bigint[]> {
    const { batches, places } = toBatches(records)
    let failure: unknown
    try {
      if (compress !== undefined) await compressEach(batches, compress)
      await cluster.until(deadline - clock.elapsed(), (operation) => deliver(operation, batches), closing)
      failure = batches.find(({ refused }) => refused)?.failure
    } catch (err) {
      failure = err
    }
    const offsets = places.map(({ batch: { offset }, index }) => (
      offset === undefined ? undefined : offset + BigInt(index)))
    if (offsets.every((offset) => offset !== undefined)) return offsets
    if (batches.some(isUncertain)) identity = renewed(batches)
    throw sendError(batches, offsets, namedError(toError(failure), cluster.principal))
  }

  async function deliver (operation: Operation, batches: readonly ProduceBatch[]): Promise<void> {
    const repeat = async <Result>(attempt: () => Promise<Result>): Promise<Result> => (
      await operation.repeat(() => attempt().catch((err) => { throw notFinal(err) })))
    const self = await repeat(() => identify(operation))
    let again = false
    await repeat(async () => {
      const pending = batches.filter(isPending)
      if (again || pending.some(({ topic, partition }) => !(partition in metadata.get(topic).leaders))) {
        await metadata.refresh(operation, [...new Set(pending.map(({ topic }) => topic))])
      }
      await Promise.all(Array.from(groupBy(pending, leaderOf), async ([leader, batches]) => {
        if (leader !== undefined) await produce(operation, self, leader, batches)
      }))
      const failed = pending.find(isPending)
      if (failed === undefined) return
      const { topic, partition, failure } = failed
      if (!again) log.warn({ topic, partition, reason: reasonOf(failure) }, 'a send failed and is repeated')
      again = true
      throw failure
    })
  }

  async function identify (operation: Operation): Promise<Identity> {
    if (identity !== undefined) return identity
    // A node that has lost its controller has no identity to give for half a minute, while another may have one.
    const { producerId, producerEpoch } = await cluster.ask(
      operation, 'InitProducerId', {}, ({ errorCode }) => throwIfFailed(errorCode, 'InitProducerId'))
    identity = { producerId, producerEpoch, sequences: new Map() }
    return identity
  }

  /**
   * The next epoch of the same producer id starts at sequence 0 without a request, also during an outage, and keeps
   * what was given up from getting in behind what follows. An id that the cluster objected to is not used again.
   */
  function renewed (batches: readonly ProduceBatch[]): Identity | undefined {
    if (identity === undefined || identity.producerEpoch === LAST_EPOCH) return undefined
    if (batches.some((batch) => isUncertain(batch) && batch.refused)) return undefined
    return { producerId: identity.producerId, producerEpoch: identity.producerEpoch + 1, sequences: new Map() }
  }

  function leaderOf (batch: ProduceBatch): number | undefined {
    const { errorCode, leaders } = metadata.get(batch.topic)
    const leader = leaders[batch.partition]
    // No node has the id −1, which stands for a partition without a leader.
    if (leader !== undefined) return leader
    const error = answerError(errorCode === CODE.none ? CODE.unknownTopicOrPartition : errorCode, 'Produce', batch)
    batch.failure = error
    batch.missingSince ??= clock.elapsed()
    batch.refused = isFinal(error) || clock.elapsed() - batch.missingSince > PROPAGATION
    return undefined
  }

  /** One attempt at one node. Never rejects: the outcome is noted in the batches. */
  async function produce (
    operation: Operation, self: Identity, leader: number, batches: readonly ProduceBatch[]
  ): Promise<void> {
    try {
      const node = cluster.node(leader)
      if (node === undefined) throw new ProtocolError(CODE.leaderNotAvailable)
      await node.connect()
      // A send that was given up as not sent meanwhile must not be sent.
      operation.throwIfInterrupted()
      for (const batch of batches) batch.uncertain++
      const answer = await node.request('Produce', produceRequest(self, batches), operation).catch((err) => {
        cluster.demote(node)
        throw err
      })
      for (const batch of batches) note(self, batch, findRow(answer, batch))
    } catch (err) {
      for (const batch of batches) batch.failure = toError(err)
    }
  }

  function produceRequest ({ sequences, ...producer }: Identity, batches: readonly ProduceBatch[]): ProduceRequest {
    return {
      // The node gives up waiting for its replicas before we give up waiting for the node.
      timeout: cluster.requestTimeout * 0.8,
      topics: byTopic(batches, (batch) => ({
        partition: batch.partition,
        records: encodeBatch(
          batch.records, { ...producer, firstSequence: sequences.get(partitionId(batch)) ?? 0 }, batch.compressed
        )
      }))
    }
  }

  return {
    send,
    partitionCount: (topic) => metadata.partitionCount(topic),
    async close () { closing.abort(new InterruptedError('closed')) }
  }
}

/** Credentials that are refused may be right before the deadline, as where they are replaced on both sides. */
function notFinal (error: unknown): unknown {
  return error instanceof WireError ? new WireError(error.message, 'connection', error, error.option) : error
}

async function compressEach (batches: readonly ProduceBatch[], compress: CompressRecords): Promise<void> {
  await Promise.all(batches.map(async (batch) => { batch.compressed = await compress(batch.records) }))
}

function findRow ({ topics }: ProduceAnswer, batch: ProduceBatch): Row | undefined {
  const rows = topics.find(({ topic }) => topic === batch.topic)?.partitions
  return rows?.find(({ partition }) => partition === batch.partition)
}

function note ({ sequences }: Identity, batch: ProduceBatch, row: Row | undefined): void {
  if (row === undefined) {
    batch.failure = new Error('the answer says nothing about the partition')
    return
  }
  if (row.errorCode === CODE.none) {
    const id = partitionId(batch)
    batch.offset = row.baseOffset
    sequences.set(id, ((sequences.get(id) ?? 0) + batch.records.length) % 2 ** 31)
    return
  }
  const error = answerError(row.errorCode, 'Produce', batch)
  batch.failure = error
  batch.refused = isFinal(error)
  if (isRefusal(error) || isNeverAppended(row.errorCode)) batch.uncertain--
}

function isUncertain ({ offset, uncertain }: ProduceBatch): boolean {
  return offset === undefined && uncertain > 0
}

function sendError (batches: readonly ProduceBatch[], offsets: SendError['offsets'], failure: unknown): SendError {
  const outcome = batches.some(isUncertain) ? 'unknown' : 'not-sent'
  return new SendError(messageOf(failure), outcome, whyOf(failure), { offsets, cause: failure })
}

/** A refusal in the protocol's own words, and not in those of a connection, which name hosts. */
function messageOf (failure: unknown): string {
  const isAnswer = failure instanceof ProtocolError || isNotAuthorized(failure)
  return isAnswer || failure instanceof InterruptedError ? failure.message : 'it could not be sent'
}

function whyOf (failure: unknown): SendError['reason'] {
  if (failure instanceof InterruptedError) return failure.reason
  return isTooLarge(failure) ? 'too-large' : 'refused'
}
