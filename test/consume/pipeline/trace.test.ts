import { channel } from 'node:diagnostics_channel'
import t from 'tap'
import type { AttemptResult } from '../../../lib/consume/pipeline/failures.js'
import { traceAttempt } from '../../../lib/consume/pipeline/trace.js'
import type { MessageProcessContext } from '../../../types/index.js'
import { hearTrace } from '../../support/hear.js'

const contextOf = (): MessageProcessContext => ({ topic: 'orders' } as MessageProcessContext)
const error = new Error('no')
const failed: AttemptResult = {
  kind: 'failed',
  failure: { stage: 'handler', error, attempts: 1, firstAt: 0, at: 0 },
  consequence: { kind: 'acknowledge' }
}

t.test('a trace has the outcome of its attempt, and an error where the handler failed', async (t) => {
  for (const [result, outcome, expected] of [
    [{ kind: 'done', outcome: 'settled' }, 'settled', undefined],
    [{ kind: 'done', outcome: 'settled', error }, 'settled', error],
    [{ kind: 'done', outcome: 'unsettled', error }, 'unsettled', undefined],
    [{ kind: 'done', outcome: 'stop', error }, 'stop', undefined],
    [failed, 'failed', error]
  ] satisfies Array<[AttemptResult, string, Error | undefined]>) {
    const heard = hearTrace<MessageProcessContext>(t, 'faststream.message.process')
    const context = contextOf()
    t.equal(await traceAttempt(context, async () => result), result)
    t.same([context.outcome, context.error], [outcome, expected])
    t.equal('error' in context, expected !== undefined)
    t.same(heard.map(({ phase }) => phase), [
      'start', 'end', ...outcome === 'failed' ? ['error'] : [], 'asyncStart', 'asyncEnd'
    ])
    t.ok(heard.every((each) => each.context === context))
  }
})

t.test('code around an attempt gets its context and runs it, between the start and the end of the trace', async (t) => {
  const order: string[] = []
  for (const phase of ['start', 'end', 'asyncEnd']) {
    const name = `tracing:faststream.message.process:${phase}`
    const listen = (): void => { order.push(phase) }
    channel(name).subscribe(listen)
    t.teardown(() => { channel(name).unsubscribe(listen) })
  }
  const context = contextOf()
  const result = await traceAttempt(context, async () => { order.push('attempt'); return failed }, (given, attempt) => {
    t.equal(given, context)
    order.push('around')
    return attempt()
  })
  t.equal(result, failed)
  t.same(order, ['start', 'around', 'attempt', 'end', 'asyncEnd'])
})
