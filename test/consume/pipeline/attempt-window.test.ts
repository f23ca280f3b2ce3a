import t from 'tap'
import { AttemptWindow } from '../../../lib/consume/pipeline/attempt-window.js'

const CLASSES = ['Error ECONNREFUSED', 'Error ETIMEDOUT', 'PoolError']

/** Whether an outage that shows as three classes in turn opens a breaker of this ratio. */
function opens (ratio: number): boolean {
  const window = new AttemptWindow({ window: 60_000, ratio, minimum: 30 })
  const results = Array.from({ length: 300 }, (_, at) => window.failed(CLASSES[at % CLASSES.length]!, at, 1))
  return results.includes(true)
}

t.test('classes of errors are not added up: three in turn open a breaker whose ratio is below a third', async (t) => {
  t.equal(opens(0.5), false)
  t.equal(opens(0.34), false)
  t.equal(opens(0.3), true, 'as docs/mend.md advises')
})
