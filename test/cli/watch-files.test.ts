import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { watchFiles } from '../../lib/cli/watch-files.js'
import { Inbox } from '../support/inbox.js'

t.test('a source file in a new folder is seen, and what is no source, or is installed, is not', async (t) => {
  const folder = t.testdir({ 'app.js': '', lib: { 'a.js': '' }, node_modules: { b: { 'b.js': '' } } })
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => { process.chdir(before) })
  const changes = new Inbox<number>()
  const end = watchFiles(join(folder, 'app.js'), () => { changes.add(changes.items.length) })
  t.teardown(end)
  writeFileSync(join(folder, 'data.txt'), 'x')
  writeFileSync(join(folder, 'node_modules/b/b.js'), 'x')
  mkdirSync(join(folder, 'node_modules/c'))
  mkdirSync(join(folder, 'new'))
  writeFileSync(join(folder, 'lib/a.js'), 'x')
  await changes.count(1)
  writeFileSync(join(folder, 'new/c.ts'), 'x')
  await changes.count(2)
  const gone = watchFiles(join(folder, 'gone/app.js'), () => {})
  gone()
  rmSync(join(folder, 'lib'), { recursive: true })
  await changes.count(3)
  t.same(changes.items, [0, 1, 2])
})
