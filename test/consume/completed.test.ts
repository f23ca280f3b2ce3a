import t from 'tap'
import { systemClock } from '../../lib/clock.js'
import { Delivery } from '../../lib/consume/pipeline/delivery.js'
import { Pipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import { isEnabled, steady, type Log } from '../../lib/log.js'
import type { Producer } from '../../lib/produce/producer.js'
import { environmentOf } from '../support/environment.js'
import { logLines } from '../support/log-lines.js'
import { record } from '../support/record.js'
import { planOf } from '../support/subscriber-plan.js'

/** Runs a message through a pipeline, and returns what was read: of the clock, and of the message's headers. */
async function run (log: Log, options: Partial<SubscriberPlan<Delivery>>): Promise<string[]> {
  const read: string[] = []
  const clock = { ...systemClock, elapsed: () => { read.push('elapsed'); return systemClock.elapsed() } }
  const delivery = new Delivery('orders', 0, {
    ...record(0),
    headerText: (name) => {
      // That of a redrive says whether the message is for this group, whatever is logged.
      if (name !== 'x-dlq-redrive-group') read.push(name)
      return undefined
    }
  })
  const pipeline = new Pipeline(planOf(options), {} as Producer, environmentOf(clock, log))
  const outcome = await pipeline.run(delivery, { wait: async () => true, hold: async () => true, settle: () => {} })
  if (outcome !== 'settled') throw new Error(`the message is ${outcome}`)
  return read
}

const DISABLED: Log = {
  isLevelEnabled: (level) => level === 'error',
  debug: () => { throw new Error('a line is written') },
  info: () => { throw new Error('a line is written') },
  warn: () => { throw new Error('a line is written') },
  error: () => {}
}

t.test('while its level is off, nothing is computed for the line of a message', async (t) => {
  for (const messageLogLevel of ['debug', 'info', 'silent', undefined] as const) {
    t.same(await run(DISABLED, messageLogLevel === undefined ? {} : { messageLogLevel }), [], String(messageLogLevel))
  }
  const log = logLines()
  t.same(await run(log, { messageLogLevel: 'silent' }), [])
  t.same(await run(log, { messageLogLevel: 'info' }), ['elapsed', 'elapsed', 'correlation_id'])
  t.match(log.lines, ['info message is not settled: it will be redelivered'], 'the slot of this test settles nothing')
})

t.test('a logger that does nothing writes no level, as that of Fastify without a logger', async (t) => {
  function noop () {}
  const log = { debug: noop, info: noop, warn: noop, error: noop }
  t.equal(isEnabled(log, 'info'), false)
  t.equal(isEnabled(steady(log), 'error'), false)
  t.equal(isEnabled(logLines(), 'debug'), true)
  t.equal(isEnabled(steady(DISABLED), 'warn'), false)
})

t.test('a steady log writes no line whose level is off, and one whose level cannot be asked for', async (t) => {
  steady(DISABLED).info({ err: new Error('x') }, 'no line')
  const lines = logLines()
  steady({ ...lines, isLevelEnabled: () => { throw new Error('a bug') } }).info({}, 'a line')
  t.same(lines.lines, ['info a line'])
})
