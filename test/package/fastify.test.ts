import { readFileSync } from 'node:fs'
import t from 'tap'
import { faststreamPlugin } from '../../lib/plugin.js'
import { oldestOf } from '../oldest/oldest-of.js'

const PACKAGE_JSON = readFileSync('package.json', 'utf8')

/** What fastify-plugin has told Fastify, which refuses to register the plugin on another version. */
const META = Symbol.for('plugin-meta')

t.test('the plugin asks for the versions of Fastify that the peer range allows', async (t) => {
  const { peerDependencies: { fastify } } = JSON.parse(PACKAGE_JSON) as { peerDependencies: { fastify: string } }
  t.match(Reflect.get(faststreamPlugin, META), { fastify })
  t.ok(readFileSync('README.md', 'utf8').includes(`≥ ${oldestOf(PACKAGE_JSON)} |`), 'the README names the oldest')
})

t.test('the oldest version is read out of the peer range, and no other form of range is taken', async (t) => {
  const packageJson = (fastify: string) => JSON.stringify({ peerDependencies: { fastify } })
  t.equal(oldestOf(packageJson('^5.1.2')), '5.1.2')
  for (const range of ['5.x', '>=5.1.2', '^5.1', '^5.1.2 || ^6.0.0']) {
    t.throws(() => oldestOf(packageJson(range)), /must be written \^x\.y\.z/, range)
  }
})
