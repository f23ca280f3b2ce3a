import t from 'tap'
import { checkMiddleware } from '../../lib/options/middlewares.js'
import { resolveInherited } from '../../lib/options/inherited.js'

const MOMENTS = ['onReceive', 'consumeScope', 'publishScope', 'afterProcessed']

t.test('a middleware is an object with a function of one moment at least', async (t) => {
  class Timing { consumeScope () {} }
  for (const moment of MOMENTS) {
    const middleware = { [moment]: () => {} }
    t.equal(checkMiddleware('middlewares', middleware as never), middleware)
    t.throws(() => checkMiddleware('middlewares', { ...middleware, [moment]: 1 } as never), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`'middlewares\\.${moment}' must be a function`)
    })
  }
  const timing = new Timing()
  t.equal(checkMiddleware('middlewares', timing as never), timing)
  for (const wrong of [{}, null, () => {}, [], Timing, { onError () {} }, { onReceive: undefined }]) {
    t.throws(() => checkMiddleware('middlewares', wrong as never), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'middlewares' must be .* onReceive, consumeScope, publish/
    })
  }
})

t.test('lists of middlewares and tags, and prefixes, grow from layer to layer', async (t) => {
  const [a, b] = [{ onReceive () {} }, { onReceive () {} }]
  const settings = resolveInherited([
    { middlewares: [a], tags: ['a'], topicPrefix: 'eu.' }, {}, { middlewares: [b], tags: ['b'], topicPrefix: 'shop.' }
  ])
  t.same(settings.middlewares, [a, b])
  t.strictSame(settings.tags, ['a', 'b'])
  t.equal(settings.topicPrefix, 'eu.shop.')
  t.ok(Object.isFrozen(settings.middlewares))
  t.throws(() => resolveInherited([{ tags: 'a' as never }]), { message: /'tags' must be a list/ })
  t.throws(() => resolveInherited([{ tags: [''] }]), { message: /'tags' must be a string/ })
  t.throws(() => resolveInherited([{ middlewares: [a, {}] }]), { message: /'middlewares' must be an object/ })
  for (const topicPrefix of ['a b', 'a/', 1, null]) {
    t.throws(() => resolveInherited([{ topicPrefix: topicPrefix as never }]), { message: /'topicPrefix' must be text/ })
  }
  t.equal(resolveInherited([{ topicPrefix: 'aZ0._-' }]).topicPrefix, 'aZ0._-')
})
