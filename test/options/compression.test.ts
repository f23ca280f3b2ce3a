import t from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'

function settings (options: FaststreamOptions) {
  return normaliseOptions(options, 10_000)
}

t.test('the compression of what is published is none by default, and one of those that Kafka has', async (t) => {
  t.equal(settings({}).producer.compression, 'none')
  t.equal(settings({ producer: { deadline: 1 } }).producer.compression, 'none')
  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    t.match(settings({ producer: { compression } }).producer, { deadline: 30_000, compression })
  }
  const unknown = { producer: { compression: 'brotli' } } as unknown as FaststreamOptions
  t.throws(() => settings(unknown), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'producer\.compression' must be .*zstd/
  })
})
