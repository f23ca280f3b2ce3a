import t from 'tap'
import type { FailureAnswer } from '../../../lib/consume/pipeline/failure-policy.js'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { SubscriberPlan } from '../../../lib/consume/pipeline/subscriber-plan.js'
import { notAuthorized } from '../../../lib/missing-rights.js'
import { AckMessage, RejectMessage, SkipMessage } from '../../../lib/message/ack.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'
import { prepared } from '../../support/prepared.js'
import { build as buildPipeline, retry } from '../../support/pipeline-fixture.js'

/** A pipeline that answers the senders of its messages, and what it has answered. */
function build (overrides: Partial<SubscriberPlan<Delivery>> = {}) {
  const answers: string[] = []
  const pipeline = buildPipeline({
    retry: { ...retry, retries: 0 },
    replies: {
      reply: async (result) => { answers.push(`reply ${result}`) },
      refuse: async ({ message }) => { answers.push(`refuse ${message}`) }
    },
    ...overrides
  })
  return { ...pipeline, answers }
}

t.test('the sender of a message gets what the handler returns, also when that is nothing', async (t) => {
  const answered = build({ handle: async () => 'result' })
  t.equal(await answered.run(), 'settled')
  t.same(answered.answers, ['reply result'])

  const empty = build()
  t.equal(await empty.run(), 'settled')
  t.same(empty.answers, ['reply undefined'])

  const done = build({ handle: () => { throw new AckMessage() } })
  t.equal(await done.run(), 'settled')
  t.same(done.answers, ['reply undefined'])
})

t.test('the sender of a message gets the error of a handler that throws when it has decided', async (t) => {
  const { run, answers } = build({
    handle: async (delivery) => { delivery.decide({ kind: 'ack' }); throw new Error('after that') }
  })
  t.equal(await run(), 'settled')
  t.same(answers, ['refuse after that'])
})

t.test('a handler that skips its message sends no answer', async (t) => {
  const { run, answers } = build({ handle: async () => { throw new SkipMessage() } })
  t.equal(await run(), 'settled')
  t.same(answers, [])
})

t.test('the sender of a message that is settled after a failure gets the error, once', async (t) => {
  for (const [settlement, overrides] of [
    ['dead-lettered', { handle: () => { throw new Error('no') } }],
    ['dead-lettered', { handle: () => { throw new RejectMessage('no') } }],
    ['acknowledged', { handle: () => { throw new Error('no') }, ackPolicy: 'ACK' }],
    ['discarded', { handle: () => { throw new Error('no') }, deadLetterTopic: () => undefined }]
  ] satisfies Array<[string, Partial<SubscriberPlan<Delivery>>]>) {
    const { run, answers, slot } = build(overrides)
    t.equal(await run(), 'settled')
    t.same([slot.settlement, answers], [settlement, ['refuse no']])
  }
})

t.test('a message that stays unsettled, is forwarded, or stops its subscriber has no answer', async (t) => {
  const fails = (): never => { throw new Error('no') }
  const unsettled = build({ handle: fails })
  unsettled.outcomes.push(new Error('not now'))
  unsettled.halt.abort()
  t.equal(await unsettled.run(), 'unsettled')
  t.same(unsettled.answers, [])

  const outgoing = () => ({ topic: 'later', key: null, value: null, headers: [], timestamp: 1 })
  const forwarded = build({ handle: fails, onFailure: async () => ({ kind: 'forward', outgoing }) })
  t.equal(await forwarded.run(), 'settled')
  t.same([forwarded.slot.settlement, forwarded.answers], ['forwarded', []])

  const refused = notAuthorized([{ operation: 'Write', resource: 'topic', name: 'orders.dlq' }], undefined)
  const stopped = build({ handle: () => { throw refused } })
  t.equal(await stopped.run(), 'stop')
  t.same(stopped.answers, [])
})

/** A failure that an error handler answers, and what it was asked. */
function buildAsked (
  answer: FailureAnswer | undefined | (() => Promise<FailureAnswer | undefined>),
  overrides: Partial<SubscriberPlan<Delivery>> = {}
) {
  const asked: string[] = []
  const pipeline = build({
    handle: () => { throw new Error('no') },
    onFailure: async ({ stage, attempts }) => {
      asked.push(`${stage} ${attempts}`)
      return typeof answer === 'function' ? await answer() : answer
    },
    ...overrides
  })
  return { ...pipeline, asked }
}

t.test('a missing right that stops the subscriber is no question for error handlers', async (t) => {
  const refused = notAuthorized([{ operation: 'Write', resource: 'topic', name: 'orders.dlq' }], undefined)
  const { run, asked } = buildAsked({ kind: 'acknowledge' }, { handle: () => { throw refused } })
  t.equal(await run(), 'stop')
  t.same(asked, [])
})

t.test('the policy decides where error handlers say nothing, fail, or take too long', async (t) => {
  const silent = buildAsked(undefined)
  t.equal(await silent.run(), 'settled')
  t.same([silent.dead.length, silent.log.lines.length], [1, 1])

  const failing = buildAsked(async () => { throw new Error('bug') })
  t.equal(await failing.run(), 'settled')
  t.equal(failing.dead.length, 1)
  t.equal(failing.log.lines[0], 'error error handler failed, so the policy decides')
  t.match(failing.log.details[0], { err: { message: 'bug' } })

  const late = buildAsked(() => new Promise(() => {}), { handlerTimeout: 1000 })
  const settled = late.run()
  await late.clock.advance(999)
  t.same(late.dead, [])
  await late.clock.advance(1)
  t.equal(await settled, 'settled')
  t.equal(late.dead.length, 1)
  t.match(late.log.details[0], { err: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT', message: /1000 ms/ } })
})

t.test('a message that is given up while an error handler is asked stays unsettled', async (t) => {
  for (const how of ['answers', 'throws', 'says nothing']) {
    const { opened, open } = gate()
    const { run, pipeline, dead, log } = buildAsked(async () => {
      await opened
      if (how === 'throws') throw new Error('aborted')
      return how === 'answers' ? { kind: 'dead-letter' } : undefined
    })
    const settled = run()
    await turn()
    pipeline.giveUp('the app closes')
    open()
    t.equal(await settled, 'unsettled', how)
    t.same([dead, log.lines], [[], []], how)
  }
})

t.test('an error handler is asked with the stage of the failure, and its answer is logged', async (t) => {
  const { run, asked, dead, log } = buildAsked({ kind: 'acknowledge' })
  t.equal(await run(), 'settled')
  t.same([asked, dead], [['retries-exhausted 1'], []])
  t.same(log.lines, ['debug handler failed, and an error handler has decided'])
  t.match(log.details, [{ action: 'acknowledge', stage: 'retries-exhausted', attempts: 1, err: { message: 'no' } }])
})

t.test('the reply of an error handler is published as the result, and answers the sender', async (t) => {
  const sent: string[] = []
  const reply = (topic: string, refusal?: Error): FailureAnswer => ({
    kind: 'reply',
    value: 'instead',
    prepared: () => [prepared(topic, async () => {
      if (refusal !== undefined) throw refusal
      sent.push(topic)
      return { topic, partition: 0, offset: 0n }
    })]
  })
  const { run, answers, dead } = buildAsked(reply('invoices'))
  t.equal(await run(), 'settled')
  t.same([sent, answers, dead], [['invoices'], ['reply instead'], []])

  const halted = buildAsked(reply('invoices', new Error('not now')))
  halted.halt.abort()
  t.equal(await halted.run(), 'unsettled')
  t.same([halted.answers, halted.dead], [[], []])
})

t.test('a reply of an error handler that cannot be published makes its message a dead letter', async (t) => {
  const { run, asked, answers, dead, failures } = buildAsked({
    kind: 'reply', value: 1, prepared: () => { throw new TypeError('invalid') }
  })
  t.equal(await run(), 'settled')
  t.same(asked, ['retries-exhausted 1'], 'no handler is asked again')
  t.match(failures, [{ stage: 'retries-exhausted' }, { stage: 'publish', error: { message: 'invalid' } }])
  t.same([dead.length, answers], [1, ['refuse invalid']])
})
