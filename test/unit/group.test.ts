import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { compile } from './compile.js'
import { addressOf, runsCompiled } from './compiled.js'
import { writeTap } from './groups.js'

t.test('errors that nothing catches fail their file, and the next one has its own environment', async (t) => {
  if (!runsCompiled()) {
    await compile()
    writeTap()
  }
  const files = ['test/support/stray-errors.ts', 'test/clock.test.ts']
  const folder = t.testdir({
    'group.mjs': `import { runGroup } from '${addressOf('test/unit/group.js')}'
      await runGroup(${JSON.stringify(files)})
      console.log('left behind:', process.env.LEFT_BEHIND)`
  })
  const run = promisify(execFile)(process.execPath, [
    `--import=${addressOf('test/unit/no-domains.js')}`, join(folder, 'group.mjs')
  ])
  const { code, stdout } = await run.then(() => t.fail('the group passed'), (error) => error)
  t.equal(code, 1)
  for (const line of [
    '    ok 1 - a rejection that nothing catches', '    ok 2 - an exception outside the test',
    '    not ok 3 - stray rejection', '    not ok 4 - stray exception',
    'not ok 1 - test/support/stray-errors.ts', 'ok 2 - test/clock.test.ts', 'left behind: undefined'
  ]) t.match(stdout, new RegExp(`^${line}`, 'm'))
})
