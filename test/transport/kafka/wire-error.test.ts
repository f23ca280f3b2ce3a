import t from 'tap'
import { pointsAtOption, WireError } from '../../../lib/transport/kafka/wire-error.js'

t.test('a failure of a connection has its cause, its reason and the option that may be wrong', async (t) => {
  const cause = new Error('reset')
  const error = new WireError('the connection broke', 'tls', cause, 'ssl')
  t.match(error, { name: 'WireError', message: 'the connection broke', reason: 'tls', option: 'ssl' })
  t.equal(error.cause, cause)
  t.equal(pointsAtOption(error), true)
  t.equal(pointsAtOption(new WireError('gone', 'connection')), false)
  t.equal(pointsAtOption(cause), false)
})
