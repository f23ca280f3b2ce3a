import t from 'tap'
import { runMiddleware } from '../../lib/middleware/run-middleware.js'
import { gate } from '../support/inbox.js'
import { turn } from '../support/manual-clock.js'

t.test('a middleware that throws without awaiting what it began fails when that has ended', async (t) => {
  const { opened, open } = gate()
  const events: string[] = []
  const running = runMiddleware('consumeScope', (next) => {
    next(undefined).then(() => { events.push('handler ended') })
    throw new Error('left')
  }, async () => { await opened }).catch((error) => { events.push(error.message) })
  await turn()
  t.same(events, [])
  open()
  await running
  t.same(events, ['handler ended', 'left'])
})
