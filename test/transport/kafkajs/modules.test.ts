import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import Module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { privateModules } from '../../../lib/transport/kafkajs/modules.js'

/** Node's own way to find a module, which `require` and its `resolve` take. */
const resolver = Module as unknown as { _resolveFilename (...args: unknown[]): string }

t.test('a module that is required inside a function is looked up once', (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'modules-')))
  t.teardown(() => { rmSync(root, { recursive: true }) })
  writeFileSync(join(root, 'index.js'), "module.exports = () => [require('./inner'), require('path')]")
  writeFileSync(join(root, 'inner.js'), 'module.exports = {}')
  const load = privateModules(root, new Map())
  const get = load('index.js') as () => unknown[]
  const found = get()
  const lookups = t.capture(resolver, '_resolveFilename', resolver._resolveFilename)
  t.same(get().map((module, i) => module === found[i]), [true, true])
  t.equal(load('index.js'), get)
  t.same(lookups(), [])
  t.end()
})

t.test('modules that require each other in a circle see what the other one exports in the end', (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'modules-')))
  t.teardown(() => { rmSync(root, { recursive: true }) })
  writeFileSync(join(root, 'a.js'), "const b = require('./b')\nmodule.exports = { name: 'a', b }")
  writeFileSync(join(root, 'b.js'), "const early = require('./a')\nexports.a = () => [early, require('./a')]")
  const { b } = privateModules(root, new Map())('a.js') as { b: { a (): unknown[] } }
  t.match(b.a(), [{}, { name: 'a' }])
  t.end()
})
