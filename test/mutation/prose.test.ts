import t from 'tap'
import { isProse } from './prose.js'

const text = (value: string) => ({ node: { type: 'StringLiteral', value } })
const template = (...parts: string[]) => {
  return { node: { type: 'TemplateLiteral', quasis: parts.map((raw) => ({ value: { raw } })) } }
}

t.test('sentences are no mutants, and say why', async (t) => {
  for (const path of [text('must be a function'), text('bytes, and'), template('topic ', ''), template('', ' is')]) {
    t.match(isProse(path), /wording/)
  }
})

t.test('names, codes and separators are mutants, and so is all that is no text', async (t) => {
  for (const value of ['', 'x-dlq-topic', 'FASTSTREAM_ERR_DECODE', 'producer.deadline', ', ', ': ']) {
    t.equal(isProse(text(value)), undefined, value)
  }
  t.equal(isProse(template('', '.', '')), undefined)
  t.equal(isProse({ node: { type: 'BooleanLiteral', value: true } }), undefined)
})
