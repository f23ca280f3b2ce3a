import t from 'tap'
import { NackMessage, RejectMessage } from '../../../lib/message/ack.js'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { FailurePolicy } from '../../../lib/consume/pipeline/failure-policy.js'
import type { SubscriberSettings } from '../../../lib/consume/pipeline/subscriber-plan.js'
import { FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_VALIDATION } from '../../../lib/errors.js'
import { notAuthorized, type Right } from '../../../lib/missing-rights.js'
import type { AckPolicy } from '../../../types/index.js'
import { record } from '../../support/record.js'

const retry = { retries: 1, delay: 100, factor: 2, maxDelay: 1000, jitter: 0, retryOn: () => true }
const deadLetter = { kind: 'dead-letter', topic: 'orders.dlq' }
const again = { kind: 'again', delay: 100 }
const acknowledge = { kind: 'acknowledge' }

function policyOf (ackPolicy: AckPolicy, overrides: Partial<SubscriberSettings> = {}) {
  const thrown: unknown[] = []
  const plan = {
    ackPolicy, retry, deadLetterTopic: (topic: string) => `${topic}.dlq`, ...overrides
  } as SubscriberSettings
  return { policy: new FailurePolicy(plan, (error) => { thrown.push(error) }), thrown }
}

function attempt (n: number): Delivery {
  return new Delivery('orders', 0, record(7), n)
}

t.test('each ackPolicy says when to acknowledge, how often to retry, and what the last failure leads to', async (t) => {
  const error = new Error('no')
  const table = {
    ACK_FIRST: ['before', acknowledge, acknowledge, acknowledge],
    ACK: ['after', acknowledge, acknowledge, acknowledge],
    REJECT_ON_ERROR: ['after', again, deadLetter, deadLetter],
    NACK_ON_ERROR: ['after', again, { kind: 'again', delay: 1000 }, deadLetter],
    MANUAL: ['by-hand', again, { kind: 'again', delay: 1000 }, deadLetter]
  } as const
  for (const [ackPolicy, expected] of Object.entries(table)) {
    const { policy } = policyOf(ackPolicy as AckPolicy)
    const first = policy.thrown('handle', error, attempt(1)).consequence
    const tenth = policy.thrown('handle', error, attempt(10)).consequence
    const publish = policy.thrown('publish', error, attempt(1)).consequence
    t.same([policy.acknowledges, first, tenth, publish], expected, ackPolicy)
  }
})

t.test('a message that cannot be decoded, or that is rejected, is a dead letter under each ackPolicy', async (t) => {
  for (const ackPolicy of ['ACK_FIRST', 'ACK', 'REJECT_ON_ERROR', 'NACK_ON_ERROR', 'MANUAL'] as const) {
    const { policy } = policyOf(ackPolicy)
    t.same(
      policy.thrown('decode', new FASTSTREAM_ERR_DECODE('value', 'no'), attempt(1)),
      { stage: 'deserialize', consequence: deadLetter }
    )
    t.same(
      policy.thrown('decode', new FASTSTREAM_ERR_VALIDATION('no'), attempt(1)),
      { stage: 'validate', consequence: deadLetter }
    )
    t.same(
      policy.decided({ kind: 'reject', error: new RejectMessage() }, attempt(1)),
      { stage: 'rejected', consequence: deadLetter }
    )
  }
})

t.test('a nack runs the handler again after its own delay, else as retry says, however often', async (t) => {
  const { policy } = policyOf('REJECT_ON_ERROR')
  const error = new NackMessage()
  t.same(policy.decided({ kind: 'nack', error, delay: 7 }, attempt(9)), {
    stage: 'handler', consequence: { kind: 'again', delay: 7 }
  })
  t.same(policy.decided({ kind: 'nack', error, delay: undefined }, attempt(2)), {
    stage: 'handler', consequence: { kind: 'again', delay: 200 }
  })
})

t.test('a message whose topic has no dead-letter topic is discarded', async (t) => {
  const { policy } = policyOf('REJECT_ON_ERROR', { deadLetterTopic: () => undefined })
  t.same(policy.thrown('publish', new Error('no'), attempt(1)), { stage: 'publish', consequence: { kind: 'discard' } })
})

t.test('a retryOn that throws counts as a yes and is reported', async (t) => {
  const bug = new Error('bug')
  const { policy, thrown } = policyOf('REJECT_ON_ERROR', { retry: { ...retry, retryOn: () => { throw bug } } })
  t.same(policy.thrown('handle', new Error('no'), attempt(1)).consequence, again)
  t.same(thrown, [bug])
})

t.test('a retryOn that returns no boolean counts as a yes, and the report names its option', async (t) => {
  const retryOn = (): boolean => 'yes' as unknown as boolean
  const { policy, thrown } = policyOf('REJECT_ON_ERROR', { retry: { ...retry, retryOn } })
  t.same(policy.thrown('handle', new Error('no'), attempt(1)).consequence, again)
  t.match(thrown, [{ code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /retry\.retryOn.*of type string/ }])
})

t.test('a handler without a right stops its subscriber where the app has declared what it writes', async (t) => {
  const refused = (right: Right, written: readonly string[]) => {
    const { policy } = policyOf('REJECT_ON_ERROR', { writtenTopics: () => written })
    return policy.thrown('handle', notAuthorized([right], undefined), attempt(1)).consequence
  }
  const stop = { kind: 'stop' }
  const onTopic: Right = { operation: 'Write', resource: 'topic', name: 'bills' }
  const onCluster: Right = { operation: 'IdempotentWrite', resource: 'cluster', name: '' }
  t.same(refused(onTopic, ['bills']), stop)
  t.same(refused(onTopic, ['others']), again, 'its name may have come from the message')
  t.same(refused(onCluster, ['others']), stop, 'no topic can be written')
  t.same(refused(onCluster, []), again)
})

t.test('a subscriber that stops tells at which stage the right was missing', async (t) => {
  const { policy } = policyOf('REJECT_ON_ERROR', { writtenTopics: () => ['bills'] })
  const refused = notAuthorized([{ operation: 'Write', resource: 'topic', name: 'bills' }], undefined)
  t.same(policy.thrown('publish', refused, attempt(1)), { stage: 'publish', consequence: { kind: 'stop' } })
  t.same(policy.thrown('handle', refused, attempt(1)), { stage: 'handler', consequence: { kind: 'stop' } })
})

t.test('a result stops its subscriber without any right that is missing', async (t) => {
  const { policy } = policyOf('REJECT_ON_ERROR', { writtenTopics: () => [] })
  const refused = notAuthorized([{ operation: 'Write', resource: 'topic', name: 'bills' }], undefined)
  t.same(policy.thrown('publish', refused, attempt(1)), { stage: 'publish', consequence: { kind: 'stop' } })
})

t.test('of several missing rights one that the app has declared is enough for a stop', async (t) => {
  const { policy } = policyOf('REJECT_ON_ERROR', { writtenTopics: () => ['bills'] })
  const refused = notAuthorized([
    { operation: 'Write', resource: 'topic', name: 'others' }, { operation: 'Write', resource: 'topic', name: 'bills' }
  ], undefined)
  t.same(policy.thrown('handle', refused, attempt(1)).consequence, { kind: 'stop' })
})

t.test('a codec that was aborted is tried again: that says nothing about its message', async (t) => {
  const { policy } = policyOf('REJECT_ON_ERROR')
  const late = attempt(1)
  late.abort(new Error('no answer'))
  t.same(policy.thrown('decode', late.aborted!, late), { stage: 'handler', consequence: again })
  t.same(policy.thrown('decode', new Error('no JSON'), late), { stage: 'deserialize', consequence: deadLetter })
})
