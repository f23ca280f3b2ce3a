import t from 'tap'
import { checkBatch, checkPublishOptions } from '../../lib/message/publish-options.js'

const refused = (option: string) => ({ code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`'${option}'`) })

t.test('every option of a publish is taken, and so is none', async () => {
  checkPublishOptions({})
  checkPublishOptions({
    key: 'k', headers: {}, partition: 0, timestamp: new Date(0), correlationId: '', wait: true, noConfirm: false
  })
  checkPublishOptions({
    key: undefined,
    headers: undefined,
    partition: undefined,
    timestamp: undefined,
    correlationId: undefined,
    wait: undefined,
    noConfirm: undefined
  } as object)
  checkPublishOptions({ headers: Object.create(null) })
})

t.test('what is no option, or impossible, is refused', async (t) => {
  for (const options of [null, 'key', 1, [], () => 1]) {
    t.throws(() => { checkPublishOptions(options as never) }, { ...refused('options') }, String(options))
  }
  for (const [name, values] of Object.entries({
    headers: [null, 'a', [['a', '1']], new Map()],
    partition: [-1, 0.5, '0', null, NaN],
    timestamp: [0, 'now', null, new Date(-1), new Date(NaN)],
    correlationId: [7, null, {}],
    wait: [1, 'yes', null],
    noConfirm: [0, 'no', null]
  })) {
    for (const value of values) t.throws(() => { checkPublishOptions({ [name]: value } as object) }, refused(name))
  }
  t.throws(() => { checkPublishOptions({ keys: 'k' } as object) }, {
    message: /'keys' is not known: there are key, headers, partition, timestamp, correlationId, wait, noConfirm/
  })
})

t.test('the messages of a batch are a list of objects', async (t) => {
  checkBatch([])
  checkBatch([{ value: 1 }, { value: null, key: 'k', headers: {}, partition: 0 }])
  t.throws(() => { checkBatch({} as never) }, refused('messages'))
  for (const entry of [null, 1, [1]]) {
    t.throws(() => { checkBatch([{ value: 1 }, entry] as never) }, refused('messages\\[1\\]'))
  }
  t.throws(() => { checkBatch([{ value: 1 }, { value: 1, wait: true }] as never) }, {
    message: /'messages\[1\]\.wait' is not known: there are value, key, headers, partition/
  })
})
