import t from 'tap'
import { INHERITED, OF_SUBSCRIBERS, resolveInherited } from '../../lib/options/inherited.js'
import { defaultsOf } from '../../lib/options/option.js'

t.test('without layers every option has its default', async (t) => {
  t.same(resolveInherited([]), defaultsOf(INHERITED))
})

t.test('the nearest layer that names an option wins', async (t) => {
  const settings = resolveInherited([
    { groupId: 'far', concurrency: 2, ordering: 'key' },
    { groupId: null, concurrency: 3 },
    { groupId: 'near', concurrency: undefined }
  ])
  t.match(settings, { groupId: 'near', concurrency: 3, ordering: 'key', ackPolicy: 'REJECT_ON_ERROR' })
})

t.test('a member of retry that a layer leaves out is inherited', async (t) => {
  const { retry } = resolveInherited([
    { retry: { delay: 10, retries: 9 } }, { retry: { delay: 20 } }, { retry: { jitter: 0 } }
  ])
  t.match(retry, { retries: 9, delay: 20, jitter: 0, factor: 2, maxDelay: 30_000 })
  t.ok(Object.isFrozen(retry))
})

t.test('layers are laid over settings that are resolved already, which stay as they are', async (t) => {
  const inherited = resolveInherited([{ bodyLimit: 100, deadLetter: { topic: 'dead' } }])
  const settings = resolveInherited([{ bodyLimit: 200 }], inherited)
  t.equal(settings.bodyLimit, 200)
  t.equal(settings.deadLetter('orders'), 'dead')
  t.equal(inherited.bodyLimit, 100)
})

t.test('an impossible option is refused in every layer', async (t) => {
  t.throws(() => resolveInherited([{ concurrency: 0 }, { concurrency: 1 }]), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'concurrency'/
  })
})

t.test('dead letters go to a topic that is made of the name, to one topic, or nowhere', async (t) => {
  const of = (deadLetter: object | false) => resolveInherited([{ deadLetter: deadLetter as false }]).deadLetter
  t.equal(resolveInherited([]).deadLetter('orders'), 'orders.dlq')
  t.equal(of({})('orders'), 'orders.dlq')
  t.equal(of({ topic: 'dead' })('orders'), 'dead')
  t.equal(of({ topic: (topic: string) => `dead.${topic}` })('orders'), 'dead.orders')
  t.equal(of(false)('orders'), undefined)
  const code = 'FASTSTREAM_ERR_INVALID_TOPIC'
  t.throws(() => of({ topic: 'a b' }), { code })
  t.throws(() => of({ topic: () => 'a b' })('orders'), { code, message: /it is the dead-letter topic of 'orders'/ })
  t.throws(() => of({ topic: class {} }), { message: /'deadLetter\.topic' must not be a class/ })
  t.throws(() => of({ topic: 7 }), { code })
})

t.test('a breaker is off, or has its bounds, also in a layer below one without', async (t) => {
  const standard = { window: 600_000, ratio: 0.5, minimum: 50 }
  t.strictSame(resolveInherited([]).breaker, standard)
  t.equal(resolveInherited([{ breaker: false }]).breaker, false)
  t.strictSame(resolveInherited([{ breaker: false }, { breaker: { ratio: 0.9 } }]).breaker, { ...standard, ratio: 0.9 })
  t.strictSame(resolveInherited([{ breaker: { minimum: 5 } }, { breaker: { ratio: 1 } }]).breaker, {
    ...standard, ratio: 1, minimum: 5
  })
})

t.test('a group has a name, or is none', async (t) => {
  t.equal(resolveInherited([]).groupId, undefined)
  t.equal(resolveInherited([{ groupId: null }]).groupId, null)
  t.throws(() => resolveInherited([{ groupId: '' }]), { message: /'groupId' must be a string/ })
})

t.test('a subscriber has every option of the table but a prefix', async (t) => {
  t.same([...OF_SUBSCRIBERS, 'topicPrefix'].sort(), Object.keys(INHERITED).sort())
})
