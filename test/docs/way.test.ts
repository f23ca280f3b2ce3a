import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import t from 'tap'
import faststreamPlugin from '../../index.js'
import { PAGES } from './pages.js'

/** A helper that every room may call: it begins an async context. */
const HELPER = 'context.ts'

/** The files of lib/ on the stack, from the transport inwards. Calls inside of one file count once. */
function filesOnStack (): string[] {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = Infinity
  const { stack = '' } = new Error()
  Error.stackTraceLimit = stackTraceLimit
  const files = [...stack.matchAll(/\(?((?:file:\/\/)?\/\S+\.ts):\d+:\d+/g)]
    .map(([, path = '']) => relative('lib', path.startsWith('file:') ? fileURLToPath(path) : path))
    .filter((file) => !file.startsWith('..') && file !== HELPER)
  return files.filter((file, i) => file !== files[i - 1]).reverse()
}

t.test('a record passes eight files at most from the transport to its handler, as architecture.md lists', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.setValidatorCompiler(() => (value) => {
    ways.push(filesOnStack())
    return { value }
  })
  await app.register(faststreamPlugin, { transport: 'memory' })
  const ways: string[][] = []
  const handled = new Promise<void>((resolve) => {
    app.broker.subscriber('orders', { schema: { value: {} } }, () => {
      ways.push(filesOnStack())
      resolve()
    })
  })
  await app.ready()
  await app.broker.publish('orders', 42)
  await handled
  const [decoding = [], handling = []] = ways.map((way) => way.filter((file) => !/^(transport|schema)\//.test(file)))
  t.equal(ways.length, 2)
  for (const way of [decoding, handling]) t.equal(new Set(way).size, way.length, `no file twice: ${way.join(', ')}`)
  t.same(decoding.slice(0, handling.length), handling, 'the handler is called from where the message was decoded')

  const [, section = ''] = /## The way of a message in\n(.*?)\n## /s.exec(PAGES.get('docs/architecture.md') ?? '') ?? []
  const listed = [...section.matchAll(/^\| \d \| `([^`]+)`/gm)].map(([, file]) => file)
  t.same(listed, decoding)
  t.ok(listed.length > 5 && listed.length <= 8)
})
