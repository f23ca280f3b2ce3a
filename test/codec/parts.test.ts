import t from 'tap'
import { decodeValue, encodeValue } from '../../lib/codec/content-type.js'

t.test('an error of a value names that part, whichever way it is coded', async (t) => {
  const message = /the value/
  for (const type of ['application/json', 'application/problem+json', 'text/plain']) {
    t.throws(() => decodeValue(Buffer.from([0xff]), type), { code: 'FASTSTREAM_ERR_DECODE', message }, type)
  }
  const endless: Record<string, unknown> = {}
  endless['self'] = endless
  for (const proven of [true, false]) {
    const encoding = { topic: 'orders', schema: true, proven }
    t.throws(() => encodeValue(endless, encoding), { code: 'FASTSTREAM_ERR_ENCODE', message }, `proven: ${proven}`)
  }
})
