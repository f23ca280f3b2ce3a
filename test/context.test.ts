import { AsyncLocalStorage } from 'node:async_hooks'
import t from 'tap'
import { inOwnContext, makeInOwnContext } from '../lib/context.js'

t.test('a timer that is made in a context of its own sees no store, and leaves none to the next one', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const fire = (): Promise<void> => new Promise((resolve) => {
    makeInOwnContext(() => setImmediate(() => {
      seen.push(storage.getStore())
      storage.enterWith('left behind')
      resolve()
    }))
  })
  await storage.run('of the caller', fire)
  await storage.run('of the caller', fire)
  seen.push(inOwnContext(() => storage.getStore()))
  t.same(seen, [undefined, undefined, undefined])
})
