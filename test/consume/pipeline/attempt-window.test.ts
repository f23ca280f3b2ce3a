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

t.test('a success takes the place of the oldest attempt, and tells whether a failed one is left', async (t) => {
  const window = new AttemptWindow({ window: 60_000, ratio: 1, minimum: 2 })
  t.equal(window.succeeded(0, 1), false, 'nothing has failed')
  t.equal(window.failed('Error', 1, 1), false, 'one of two')
  t.equal(window.succeeded(2, 1), true)
  t.equal(window.succeeded(3, 1), false, 'the failed one is older than two successes')
})

t.test('a success of several messages counts as often', async (t) => {
  const window = new AttemptWindow({ window: 60_000, ratio: 0.5, minimum: 2 })
  window.failed('Error', 0, 1)
  t.equal(window.succeeded(1, 100), false)
})

t.test('an attempt is forgotten when it is older than the window, and not before', async (t) => {
  const window = new AttemptWindow({ window: 100, ratio: 1, minimum: 10 })
  window.failed('Error', 0, 1)
  t.equal(window.succeeded(100, 1), true)
  t.equal(window.succeeded(101, 1), false)
})

t.test('nothing opens before there are as many attempts as the minimum', async (t) => {
  const window = new AttemptWindow({ window: 100, ratio: 0.1, minimum: 3 })
  t.same([0, 1, 2].map((at) => window.failed('Error', at, 1)), [false, false, true])
  t.equal(new AttemptWindow({ window: 100, ratio: 1, minimum: 3 }).failed('Error', 0, 3), true, 'a batch of three')
})
