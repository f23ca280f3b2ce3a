import t from 'tap'
import { codeOf, membersOf } from '../lib/members.js'

t.test('members of an object are read by name', async (t) => {
  t.equal(membersOf({ a: 1 }).a, 1)
  t.equal(membersOf(new Date(0)).nothing, undefined)
})

t.test('the code of an error is read from whatever was thrown', async (t) => {
  t.equal(codeOf(Object.assign(new Error('no'), { code: 'E_NO' })), 'E_NO')
  for (const thrown of [new Error('no'), 'text', null, undefined, 7]) t.equal(codeOf(thrown), undefined)
})
