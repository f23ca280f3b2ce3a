import t from 'tap'
import type { DeadLetter, ErrorDecision } from '../../index.js'
import { build } from '../support/batch-app.js'

/* Batches of which no message can be decoded. */

const schema = { value: { type: 'object' } }

t.test('without a message that can be decoded there is no call to wait for, also where code decides', async (t) => {
  const options = { schema, ackPolicy: 'MANUAL' } as const
  const { calls, outcomes, dead, broker, lines, publish } = await build(t, { size: 2, options })
  await publish(1, 2)
  t.same([calls, outcomes(), dead()], [[], ['dead-lettered', 'dead-lettered'], [1, 2]])
  t.match(broker.errors, [{ stage: 'validate' }, { stage: 'validate' }])
  t.equal(broker.errors.length, 2, 'there is no failure beside theirs')
  t.same(lines.filter(({ msg }) => String(msg).startsWith('handler failed')), [])
})

for (const [title, decision, outcome] of [
  ['acknowledges', { action: 'acknowledge' }, 'acknowledged'], ['returns nothing', undefined, 'dead-lettered']
] as const) {
  t.test(`error handlers are asked about each of its messages: one that ${title}`, async (t) => {
    const asked: unknown[] = []
    const letters: Array<DeadLetter | undefined> = []
    const { outcomes, broker, lines, publish } = await build(t, {
      size: 2,
      options: { schema },
      declare: (app) => {
        app.broker.setErrorHandler((error, { stage, offset, message }): ErrorDecision | undefined => {
          asked.push([stage, offset, message, (error as Error & { code: string }).code])
          return decision
        })
        app.broker.subscriber('orders.dlq', { groupId: 'dead' }, (_, { deadLetter }) => { letters.push(deadLetter) })
      }
    })
    await publish(1, 2)
    t.same(asked, [0n, 1n].map((offset) => ['validate', offset, undefined, 'FASTSTREAM_ERR_VALIDATION']))
    t.same(outcomes(), [outcome, outcome])
    t.ok(letters.every((letter) => letter?.error.code === 'FASTSTREAM_ERR_VALIDATION'))
    t.equal(letters.length, decision === undefined ? 2 : 0)
    t.same(lines.filter(({ msg }) => String(msg).startsWith('error handler failed')), [])
    t.ok(broker.errors.every(({ error }) => error.message.includes('value must be object')))
  })
}
