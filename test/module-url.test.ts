import t from 'tap'
import { moduleUrl } from '../lib/module-url.js'

t.test('a module knows its address, also in a bundle that is CommonJS', async (t) => {
  t.equal(moduleUrl('file:///app/module.js'), 'file:///app/module.js')
  // CommonJS gives it to each module; here it stands in the global scope.
  Object.assign(globalThis, { __filename: '/app/bundle.cjs' })
  t.teardown(() => { Reflect.deleteProperty(globalThis, '__filename') })
  t.equal(moduleUrl(undefined), 'file:///app/bundle.cjs')
})
