import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'

/* No test of the suite: `test/unit/group.test.ts` runs this file and sees it fail. */

t.test('a rejection that nothing catches', async (t) => {
  Promise.reject(new Error('stray rejection'))
  await turn()
  t.pass('the test itself passes')
})

t.test('an exception outside the test', async (t) => {
  setImmediate(() => { throw new Error('stray exception') })
  await turn()
  t.pass('the test itself passes')
})
