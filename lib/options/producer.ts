import type { FaststreamOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { COMPRESSIONS } from '../transport/compression/codec.js'
import { onlyKnown } from './assert.js'
import { choice, functionOf, milliseconds, wholeNumber } from './checks.js'
import { PRODUCER_CURES } from './cures.js'
import { optionsOf, type Option } from './option.js'
import type { ProducerSettings, QueueSettings } from './settings.js'

type ProducerOptions = NonNullable<FaststreamOptions['producer']>

const MiB = 1024 * 1024
/** What may be written because others have it, and has one value. */
const FIXED = ['acks', 'idempotent']

export const checkSize = optionsOf<Partial<QueueSettings>, QueueSettings>({
  messages: wholeNumber(1), bytes: wholeNumber(1)
})

/** The plugin's option `producer`. */
export const PRODUCER: Option<ProducerOptions, ProducerSettings> = {
  default: {
    deadline: 30_000, queue: { messages: 10_000, bytes: 64 * MiB }, compression: 'none', partitioner: undefined
  },
  check: checkProducer,
  shown: "{ deadline: 30_000, queue: { messages: 10_000, bytes: 64 MiB }, compression: 'none' }",
  doc: '`deadline` (ms) bounds one publish; `queue` bounds what waits for the cluster; `compression`: ' +
    "`'none'`, `'gzip'`, `'snappy'`, `'lz4'` or `'zstd'` ([what they need](transports.md#compression)); " +
    '`partitioner`: `({ topic, key, partitions }) => number` ([partitions](publishing.md#partitions)). ' +
    '`acks: -1` and `idempotent: true` may be written, and have no other value'
}

function checkProducer (option: string, producer: ProducerOptions, inherited: ProducerSettings): ProducerSettings {
  onlyKnown(`${option}.`, producer, [...Object.keys(inherited), ...FIXED], PRODUCER_CURES)
  const { acks = -1, idempotent = true } = producer
  if (acks !== -1) {
    const cure = 'must be -1: what a publish resolves is in the log of all in-sync replicas'
    throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.acks`, cure)
  }
  if (idempotent !== true) {
    const cure = 'must be true: a send that is repeated would be stored twice'
    throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.idempotent`, cure)
  }
  const {
    deadline = inherited.deadline, queue = inherited.queue, compression = inherited.compression,
    partitioner = inherited.partitioner
  } = producer
  return {
    deadline: milliseconds(1)(`${option}.deadline`, deadline),
    queue: checkSize(`${option}.queue`, queue, inherited.queue),
    compression: choice(...COMPRESSIONS)(`${option}.compression`, compression),
    partitioner: partitioner === undefined ? undefined : checkPartitioner(`${option}.partitioner`, partitioner)
  }
}

export const checkPartitioner = functionOf<NonNullable<ProducerSettings['partitioner']>>('{ topic, key, partitions }')
