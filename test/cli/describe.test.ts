import { join } from 'node:path'
import t from 'tap'
import { faststream } from '../support/faststream.js'

const APPS = join(import.meta.dirname, 'apps')

t.test('a table has the group, the dead-letter topics and the schemas, or says that there are none', async (t) => {
  const { code, out } = await faststream('describe', join(APPS, 'faulty.ts'))
  t.equal(code, 0)
  t.match(out, /\ntakeOrder +orders +shop .* orders\.dlq\n/)
  t.match(out, /\nreadNews +news +- .* -\n/)
  t.match(out, /\npublisher of +schema\norders +yes\nplain +no\n$/)
})

t.test('a file may export the app itself', async (t) => {
  t.match(await faststream('describe', join(APPS, 'exported.ts'), '--json'), { code: 0 })
})
