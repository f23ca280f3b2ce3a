import t from 'tap'
import { checkBatch, resolveBatch } from '../../lib/options/batch.js'

const REFUSED = 'FASTSTREAM_ERR_INVALID_OPTION'
const DEFAULTS = { maxSize: undefined, maxBytes: 1_048_576, timeout: 200 }
const around = (messages: number, ordering: 'partition' | 'key' = 'partition') => ({ ordering, buffer: { messages } })

t.test('batch is true, or its bounds', async (t) => {
  t.strictSame(checkBatch('batch', true), DEFAULTS)
  t.strictSame(checkBatch('batch', {}), DEFAULTS)
  t.strictSame(checkBatch('batch', { maxSize: 1, maxBytes: 1, timeout: 0 }), { maxSize: 1, maxBytes: 1, timeout: 0 })
  for (const given of [false, null, 7, []]) {
    t.throws(() => checkBatch('batch', given as never), { code: REFUSED, message: /'batch' must be true, or \{/ })
  }
  for (const bounds of [{ maxSize: 0 }, { maxSize: 1.5 }, { maxBytes: 0 }, { maxBytes: 1.5 }, { timeout: -1 }]) {
    const [name] = Object.keys(bounds)
    t.throws(() => checkBatch('batch', bounds), { code: REFUSED, message: new RegExp(`'batch\\.${name}'`) })
  }
  t.throws(() => checkBatch('batch', { size: 1 } as never), { message: /'batch\.size' is not known: .* maxSize/ })
})

t.test('a batch has at most 500 messages by default, and never more than the buffer holds', async (t) => {
  t.strictSame(resolveBatch(DEFAULTS, around(1000), 'x'), { maxBytes: 1_048_576, timeout: 200, maxSize: 500 })
  t.equal(resolveBatch(DEFAULTS, around(100), 'x').maxSize, 100)
  t.equal(resolveBatch({ ...DEFAULTS, maxSize: 100 }, around(100), 'x').maxSize, 100)
  t.equal(resolveBatch({ ...DEFAULTS, maxSize: 900 }, around(1000), 'x').maxSize, 900)
  t.ok(Object.isFrozen(resolveBatch(DEFAULTS, around(1), 'x')))
  t.throws(() => resolveBatch({ ...DEFAULTS, maxSize: 101 }, around(100), 'of x'), {
    code: REFUSED, message: /'batch\.maxSize' must be at most 'buffer\.messages', which is 100 \(of x\)/
  })
})

t.test('batches keep the order of the partition', async (t) => {
  t.throws(() => resolveBatch(DEFAULTS, around(100, 'key'), 'of x'), {
    code: REFUSED, message: /'ordering' must be 'partition' with 'batch', and is 'key' \(of x\)/
  })
})
