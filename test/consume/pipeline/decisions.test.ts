import t from 'tap'
import { AckMessage, NackMessage, RejectMessage, SkipMessage, StopConsume } from '../../../lib/message/ack.js'
import { retry, build, headersOf, policies } from '../../support/pipeline-fixture.js'

t.test('a handler decides: the first decision counts, whatever it does then', async (t) => {
  for (const ackPolicy of policies.slice(1)) {
    for (const ends of ['returns', 'throws']) {
      const again: boolean[] = []
      const { run, dead, log } = build({
        ackPolicy,
        handle: async (delivery) => {
          again.push(delivery.decide({ kind: 'ack' }), delivery.decide({ kind: 'reject', error: new Error('no') }))
          if (ends === 'throws') throw new Error('after that')
        }
      })
      t.equal(await run(), 'settled')
      t.same([again, dead], [[true, false], []], `${ackPolicy} ${ends}`)
      t.same(log.lines, ends === 'throws' ? ['error handler failed when it had decided already: that stands'] : [])
    }
  }
})

t.test('a handler may want its message again, after its own time, as often as it says so', async (t) => {
  for (const how of ['decides', 'throws']) {
    let runs = 0
    const { clock, run, dead, failures, pauses } = build({
      retry: { ...retry, retries: 1 },
      handle: async (delivery) => {
        if (++runs > 5) return
        const error = new NackMessage(runs === 1 ? { delay: 7000 } : {})
        if (how === 'throws') throw error
        delivery.decide({ kind: 'nack', error, delay: error.delay })
      }
    })
    const settled = run()
    await clock.advance(6999)
    t.equal(runs, 1, how)
    await clock.advance(1)
    t.equal(runs, 2)
    await clock.advance(10_000)
    t.equal(await settled, 'settled')
    t.same([runs, dead, failures, pauses.length], [6, [], [], 5])
  }
})

t.test('a handler may reject its message: it is a dead letter at once, and says why', async (t) => {
  for (const how of ['decides', 'throws']) {
    const error = new RejectMessage('a negative total')
    const { run, dead, failures } = build({
      handle: async (delivery) => { if (how === 'throws') throw error; delivery.decide({ kind: 'reject', error }) }
    })
    t.equal(await run(), 'settled')
    t.match(headersOf(dead[0]), {
      'x-dlq-stage': 'rejected',
      'x-dlq-error-class': 'RejectMessage',
      'x-dlq-error-message': 'a negative total',
      'x-dlq-attempts': '1'
    })
    t.match(failures, [{ stage: 'rejected' }])
  }
})

t.test('a thrown ack or skip is a success for dependencies, a thrown nack, reject or stop a failure', async (t) => {
  for (const [thrown, released] of [
    [new AckMessage(), undefined],
    [new SkipMessage(), undefined],
    [new NackMessage(), 'the handler wants the message again'],
    [new RejectMessage('no'), 'no'],
    [new StopConsume(), 'the handler stops its subscriber']
  ] as const) {
    const failures: unknown[] = []
    const { run, halt } = build({
      handle: async () => { throw thrown },
      release: async (_, failure) => { failures.push((failure?.error as Error | undefined)?.message) }
    })
    halt.abort()
    const outcome = await run()
    t.same(failures, [released], thrown.name)
    t.equal(outcome, thrown instanceof StopConsume ? 'stop' : thrown instanceof NackMessage ? 'unsettled' : 'settled')
  }
})

t.test('a delay must be a time', async (t) => {
  for (const delay of [-1, NaN, Infinity, 2 ** 31]) {
    t.throws(() => new NackMessage({ delay }), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'delay'/ })
  }
  t.equal(new NackMessage({ delay: 0 }).delay, 0)
  t.equal(new RejectMessage().message, 'the handler rejected the message')
})
