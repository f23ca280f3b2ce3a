import t from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'

function settings (producer: object | undefined) {
  return normaliseOptions({ producer } as FaststreamOptions, 10_000).producer
}

t.test('acks and idempotent may be written, and have one value', async (t) => {
  t.same(settings({ acks: -1, idempotent: true }), settings(undefined))
  t.same(settings({ acks: undefined, idempotent: undefined }), settings({}))
  for (const acks of [0, 1, 'all', null]) {
    t.throws(() => settings({ acks }), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'producer\.acks' must be -1: what a publish resolves is in the log/
    })
  }
  for (const idempotent of [false, 0, null]) {
    t.throws(() => settings({ idempotent }), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'producer\.idempotent' must be true/
    })
  }
})

t.test('a partitioner is a function', async (t) => {
  const partitioner = (): number => 0
  t.equal(settings({ partitioner }).partitioner, partitioner)
  t.equal(settings({}).partitioner, undefined)
  for (const wrong of [null, 'murmur2', 0]) {
    t.throws(() => settings({ partitioner: wrong }), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'producer\.partitioner' must be a function of \{ topic, key/
    })
  }
})

t.test('an option that other clients have is refused with what to use instead', async (t) => {
  const cures: Array<[names: readonly string[], cure: RegExp]> = [
    [['linger', 'lingerMs', 'linger_ms', 'batchSize', 'maxBatchSize', 'max_batch_size'], /leave as one batch/],
    [['maxRequestSize', 'max_request_size'], /message\.max\.bytes/],
    [['enableIdempotence', 'enable_idempotence', 'maxInFlightRequests'], /every send is idempotent/],
    [['compressionType', 'compression_type'], /write 'producer\.compression'/],
    [['requestTimeout', 'request_timeout_ms', 'retries', 'retry_backoff_ms', 'sendBackoffMs'], /'producer\.deadline'/],
    [['keySerializer', 'key_serializer'], /write 'key' of publisher\(\)/],
    [['valueSerializer'], /set the serializer compiler/],
    [['transactionalId', 'transactional_id', 'transactionTimeoutMs'], /there are no transactions/]
  ]
  for (const [names, cure] of cures) {
    for (const name of names) {
      const error = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: cure }
      t.throws(() => settings({ [name]: 1 }), error, name)
      t.throws(() => settings({ [name]: 1 }), { message: new RegExp(`^option 'producer\\.${name}' is not an option: `) })
    }
  }
  t.throws(() => settings({ buffer: 1 }), {
    message: /'producer\.buffer' is not known: there are deadline, queue, compression, partitioner, acks, idempotent/
  })
})
