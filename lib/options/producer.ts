import type { FaststreamOptions } from '../../types/index.js'
import { COMPRESSIONS } from '../transport/compression/codec.js'
import { onlyKnown } from './assert.js'
import { choice, functionOf, milliseconds, wholeNumber } from './checks.js'
import { optionsOf, type Option } from './option.js'
import type { ProducerSettings, QueueSettings } from './settings.js'

type ProducerOptions = NonNullable<FaststreamOptions['producer']>

const MiB = 1024 * 1024

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
    '`partitioner`: `({ topic, key, partitions }) => number` ([partitions](publishing.md#partitions))'
}

function checkProducer (option: string, producer: ProducerOptions, inherited: ProducerSettings): ProducerSettings {
  onlyKnown(`${option}.`, producer, Object.keys(inherited))
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
