import t from 'tap'
import { GroupReport } from '../../lib/consume/group/report.js'
import { FASTSTREAM_ERR_CODEC } from '../../lib/errors.js'
import { environmentOf } from '../support/environment.js'
import { logLines } from '../support/log-lines.js'
import { ManualClock } from '../support/manual-clock.js'

t.test('a batch whose codec is not installed is not reported as corrupt', async (t) => {
  const log = logLines()
  const error = new FASTSTREAM_ERR_CODEC('lz4', "install the package 'lz4-napi'")
  new GroupReport('shop', ['orders'], environmentOf(new ManualClock(), log)).corrupt('orders', 0, {
    offset: 5n, nextOffset: -1n, error
  })
  t.same(log.lines, ['error a batch needs a codec: its partition is paused, nothing of it is skipped'])
  t.match(log.details, [{ err: error, topic: 'orders', partition: 0, offset: '5' }])
})
