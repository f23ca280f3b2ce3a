import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'

/* No test of the suite: `test/unit/group.test.ts` runs this file, sees it fail, and looks for what it leaves behind. */

process.env['LEFT_BEHIND'] = 'yes'

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
