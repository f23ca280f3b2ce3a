import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

/* The command as it is published: an app that does not know that it is only looked at would join its group. */

const env = { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
const command = (...argv: string[]) => promisify(execFile)(
  process.execPath, ['dist/lib/cli/main.js', ...argv], { env }
)
// In the package, so that 'fastify-faststream' is found by its name.
const folder = mkdtempSync('.cli-')
t.teardown(() => { rmSync(folder, { recursive: true }) })

/** An app whose cluster is not there, so that it cannot be described by a command that contacts it. */
function write (file: string, plugin: string): string {
  writeFileSync(join(folder, file), `
    import Fastify${file.endsWith('.ts') ? ', { type FastifyInstance }' : ''} from 'fastify'
    import { faststreamPlugin } from '${plugin}'
    ${file.endsWith('.ts') ? 'enum Kind { One = 1 }' : 'const Kind = { One: 1 }'}
    export async function build ()${file.endsWith('.ts') ? ': Promise<FastifyInstance>' : ''} {
      const app = Fastify()
      await app.register(faststreamPlugin, { brokers: ['127.0.0.1:1'], groupId: 'production' })
      app.broker.subscriber('orders', function take () { console.log(Kind.One) })
      return app
    }
  `)
  return join(folder, file)
}

t.test('an app of JavaScript, and one of TypeScript by tsx, know that they are only looked at', async (t) => {
  for (const file of ['app.js', 'app.ts']) {
    const { stdout } = await command('describe', write(file, 'fastify-faststream'), '--json')
    t.match(JSON.parse(stdout), { subscribers: [{ name: 'take', groupId: 'production' }] }, file)
  }
})

t.test('an app with another copy of the package is refused before it joins a group', async (t) => {
  const file = write('copy.ts', resolve('index.ts'))
  await t.rejects(command('dlq', 'list', file), {
    code: 2, stdout: '', stderr: /another copy of fastify-faststream .*npx faststream/
  })
})
