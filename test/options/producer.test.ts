import t from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'

function settings (producer: object | undefined) {
  return normaliseOptions({ producer } as FaststreamOptions, 10_000).producer
}

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
