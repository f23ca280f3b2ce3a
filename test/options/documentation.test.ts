import t from 'tap'
import { DOCUMENTATION, normaliseDocumentation } from '../../lib/options/documentation.js'

const NONE = { title: undefined, description: undefined, tags: [], deprecated: false, examples: [] }
const refused = (option: string) => ({ code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`'${option}'`) })

t.test('the documentation of a subscriber is complete, and each member may be left out', async (t) => {
  t.strictSame(normaliseDocumentation({}), NONE)
  const written = {
    title: 'Orders',
    description: 'All of them',
    tags: ['shop'],
    deprecated: true,
    examples: [{ name: 'one', summary: 'a', value: { id: 1 }, headers: { a: '1' } }]
  }
  t.strictSame(normaliseDocumentation(written), written)
  t.same(DOCUMENTATION, Object.keys(NONE))
})

t.test('what is no documentation is refused by its name', async (t) => {
  for (const [option, values] of Object.entries({
    title: ['', 1, null],
    description: ['', 1, null],
    tags: ['shop', [''], [1], null],
    deprecated: ['yes', 1, null],
    examples: [{}, null]
  })) {
    for (const value of values) {
      const written: object = { [option]: value }
      t.throws(() => normaliseDocumentation(written), refused(option), String(value))
    }
  }
})

t.test('an example is what JSON can write', async (t) => {
  const examples = (...examples: unknown[]) => normaliseDocumentation({ examples: examples as never })
  const endless: Record<string, unknown> = {}
  endless['value'] = endless
  for (const wrong of [{ value: 1n }, endless]) {
    t.throws(() => examples({ value: 1 }, wrong), { ...refused('examples'), message: /'examples' must be what/ })
  }
  t.throws(() => examples({ value: 1, title: 'a' }), { message: /'examples\.title' .* name, summary, value, headers/ })
  t.throws(() => examples(1), refused('examples'))
  t.throws(() => examples({ toJSON: () => undefined }), refused('examples.toJSON'))
})
