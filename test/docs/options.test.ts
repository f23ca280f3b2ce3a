import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { PAGES } from './pages.js'

t.test('docs/options.md has every option of the plugin, and nothing else', async (t) => {
  const rows = (PAGES.get('docs/options.md') ?? '').matchAll(/^\| `(\w+)` \|/gm)
  const app = Fastify()
  t.teardown(() => app.close())
  // The plugin names all of them where one is not known.
  const wrong = { nope: 1 } as object
  const refusal = await t.rejects(
    async () => { await app.register(faststreamPlugin, wrong) }, { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
  )
  const [, known = ''] = /there are (.*)$/.exec((refusal as Error).message) ?? []
  // Those of `register` are said below the tables.
  t.same(
    [...Array.from(rows, ([, name]) => name), 'prefix', 'logLevel', 'logSerializers'].sort(), known.split(', ').sort()
  )
})
