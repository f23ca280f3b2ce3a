import t from 'tap'
import { INHERITED, resolveInherited } from '../../lib/options/inherited.js'
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
