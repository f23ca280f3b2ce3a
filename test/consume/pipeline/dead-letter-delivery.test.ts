import t from 'tap'
import {
  FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_PUBLISH_REFUSED, FASTSTREAM_ERR_VALIDATION
} from '../../../lib/errors.js'
import { SendError } from '../../../lib/transport/transport.js'
import { build, headersOf } from '../../support/pipeline-fixture.js'

t.test('no stack leaves the process in production', async (t) => {
  const before = process.env.NODE_ENV
  t.teardown(() => {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  })
  process.env.NODE_ENV = 'production'
  const { run, dead } = build({ decode: () => { throw new FASTSTREAM_ERR_DECODE('value', 'no JSON') } })
  t.equal(await run(), 'settled')
  t.notOk('x-dlq-error-stack' in headersOf(dead[0]))
})

t.test('long texts are cut between characters', async (t) => {
  const { run, dead } = build({ decode: () => { throw new Error('é'.repeat(1000) + 'x') } })
  await run()
  t.equal(headersOf(dead[0])['x-dlq-error-message'], 'é'.repeat(512))
  const odd = build({ decode: () => { throw new Error('x' + 'é'.repeat(1000)) } })
  await odd.run()
  t.equal(headersOf(odd.dead[0])['x-dlq-error-message'], 'x' + 'é'.repeat(511))
})

t.test('an error without a stack is described by what it has', async (t) => {
  const bare = new Error('bare')
  delete bare.stack
  const { run, dead } = build({ decode: () => { throw bare } })
  await run()
  t.equal(headersOf(dead[0])['x-dlq-error-stack'], '')
})

t.test('what cannot be decoded or is invalid goes to the dead-letter topic at once', async (t) => {
  const undecodable = build({ decode: () => { throw new FASTSTREAM_ERR_DECODE('value', 'no JSON') } })
  t.equal(await undecodable.run(), 'settled')
  t.match(headersOf(undecodable.dead[0]), { 'x-dlq-stage': 'deserialize', 'x-dlq-attempts': '1' })

  const invalid = build({
    decode: () => {
      throw Object.assign(new FASTSTREAM_ERR_VALIDATION('value/total must be >= 0'), {
        validation: [{ instancePath: '/total' }]
      })
    }
  })
  t.equal(await invalid.run(), 'settled')
  t.match(headersOf(invalid.dead[0]), { 'x-dlq-stage': 'validate', 'x-dlq-errors': '[{"instancePath":"/total"}]' })
})

t.test('errors may hold anything where a text should be', async (t) => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const odd: object[] = [
    { validation: circular }, { validation: [1n] }, {
      validation: undefined
    }, { message: undefined }, { name: 7 }, { stack: {} }, { stack: undefined },
    Object.defineProperty({}, 'message', { get () { throw new Error('trap') }, enumerable: true })
  ]
  for (const members of odd) {
    const error = Object.defineProperties(new Error('odd'), Object.getOwnPropertyDescriptors(members))
    const { run, dead } = build({ decode: () => { throw error } })
    t.equal(await run(), 'settled')
    t.equal(headersOf(dead[0])['x-dlq-offset'], '7')
  }
})

t.test('a dead letter that is too large says less, and at last leaves its value out', async (t) => {
  const tooLarge = new FASTSTREAM_ERR_PUBLISH_REFUSED('orders.dlq', 'too large', {
    cause: new SendError('too large', 'not-sent', 'too-large')
  })
  const brief = build({ decode: () => { throw new Error('x'.repeat(500)) } })
  brief.outcomes.push(tooLarge)
  t.equal(await brief.run(), 'settled')
  t.match(brief.dead[0], { value: Buffer.from('bytes') })
  t.equal(headersOf(brief.dead[0])['x-dlq-error-message']?.length, 128)
  t.notOk('x-dlq-error-stack' in headersOf(brief.dead[0]))

  const reference = build({ decode: () => { throw new Error('no') } })
  reference.outcomes.push(tooLarge, tooLarge)
  t.equal(await reference.run(), 'settled')
  t.match(reference.dead[0], { key: Buffer.from('k'), value: null })
  t.match(headersOf(reference.dead[0]), { 'x-dlq-value-omitted': 'true', 'x-dlq-topic': 'orders', 'x-dlq-offset': '7' })

  const insisting = build({ decode: () => { throw new Error('no') } })
  insisting.outcomes.push(tooLarge, tooLarge, tooLarge, tooLarge)
  const done = insisting.run()
  await insisting.clock.advance(1000)
  t.equal(await done, 'settled', 'the last form is insisted on')
  t.match(insisting.dead, [{ key: null, value: null }])
  t.equal(insisting.pauses.length, 1)
})

t.test('a dead letter that fails again keeps its first origin, where that can be believed', async (t) => {
  const again = build({
    isDeadLetterOf: (topic, origin) => topic === 'orders' && origin === 'spoofed',
    decode: () => { throw new Error('no') }
  })
  t.equal(await again.run(), 'settled')
  const headers = again.dead[0]?.headers.filter(([name]) => name === 'x-dlq-topic').map(([, value]) => String(value))
  t.same(headers, ['spoofed'])
  t.match(headersOf(again.dead[0]), { 'x-dlq-stage': 'deserialize', 'x-dlq-group': 'shop' })
})

t.test('without a dead-letter topic the message is logged and skipped', async (t) => {
  const { run, dead, log } = build({ deadLetterTopic: () => undefined, decode: () => { throw new Error('no') } })
  t.equal(await run(), 'settled')
  t.same(dead, [])
  t.same(log.lines, ['error message cannot be handled and is skipped: it has no dead-letter topic'])
})

t.test('a dead letter is insisted on for as long as it takes', async (t) => {
  const { run, clock, dead, outcomes, log, settles } = build({ decode: () => { throw new Error('no') } })
  outcomes.push(...Array.from({ length: 20 }, () => new FASTSTREAM_ERR_PUBLISH_REFUSED('orders.dlq', 'not now')))
  const done = run()
  await clock.advance(60_000)
  t.same(dead, [])
  t.same(settles, [])
  await clock.advance(1_000_000)
  t.equal(await done, 'settled')
  t.equal(dead.length, 1)
  const pauses = log.details.flatMap((details) => 'retryIn' in details ? [Number(details.retryIn)] : [])
  t.equal(pauses.length, 20)
  const longest = pauses.slice(8)
  t.ok(longest.every((pause) => pause >= 24_000 && pause <= 36_000))
  t.ok(new Set(longest).size > 1, 'those who wait for the same outage do not come back together')
})

t.test('an unexpected error after a dead letter is no missing right: the pipeline rejects with it', async (t) => {
  const { run, log, settles } = build({ decode: () => { throw new FASTSTREAM_ERR_DECODE('value', 'no JSON') } })
  Object.assign(log, { error: () => { throw new Error('the log is full') } })
  await t.rejects(run(), { message: 'the log is full' })
  t.same(settles, [])
})
