import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { importApp } from '../../lib/cli/import-app.js'
import { UsageError } from '../../lib/cli/usage-error.js'

// No part of TypeScript that Node runs by itself, so that something has to compile it.
const APP = 'enum Kind { One = 1 }\nexport const kind = Kind.One\n'

t.test('the JavaScript of the package runs the TypeScript of an app by the tsx that the app has', async (t) => {
  const folder = t.testdir({ 'app.ts': APP, 'plain.mjs': 'export const kind = 2\n' })
  t.match(await importApp(join(folder, 'app.ts'), false), { kind: 1 })
  t.match(await importApp(join(folder, 'plain.mjs'), false), { kind: 2 })
})

t.test('an app of TypeScript that has no tsx is told to install it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'faststream-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'app.ts'), APP)
  const error = await importApp(join(folder, 'app.ts'), false).catch((thrown: unknown) => thrown)
  t.ok(error instanceof UsageError)
  t.match(error, { message: /install tsx/, cause: { code: 'MODULE_NOT_FOUND' } })
})

t.test('a syntax error of an app has its line, where the file itself has it', async (t) => {
  const folder = t.testdir({
    'wrong.mjs': 'export const kind = 1\n\nexport const app = )\n',
    'imports.mjs': "import './wrong.mjs'\n",
    'throws.mjs': 'throw new SyntaxError(42)\n',
    'fails.mjs': "throw new Error('no database')\n"
  })
  const thrownBy = (name: string): Promise<unknown> => importApp(join(folder, name), false).catch((error) => error)
  const error = await thrownBy('wrong.mjs')
  t.ok(error instanceof UsageError)
  t.match(error, { message: /wrong\.mjs:3: SyntaxError: Unexpected token/, cause: SyntaxError })
  t.match(await thrownBy('imports.mjs'), { name: 'SyntaxError', message: /^Unexpected token/ })
  t.match(await thrownBy('throws.mjs'), { name: 'SyntaxError', message: '42', stack: /throws\.mjs:1:7/ })
  t.match(await thrownBy('fails.mjs'), { message: 'no database' })
})
