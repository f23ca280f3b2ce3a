import { readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import type { Diagnostic, ParsedCommandLine } from 'typescript'

t.setTimeout(600_000)

/* Small projects that use the built package, compiled as their users compile them. */

type TypeScript = typeof import('typescript')

const COMPILERS = { 5.9: 'typescript', 5.4: 'typescript-5.4' }

const APP = `
import Fastify from 'fastify'
import { faststreamPlugin, type FaststreamOptions } from 'fastify-faststream'
import { testBroker } from 'fastify-faststream/testing'

export async function run (options: FaststreamOptions): Promise<void> {
  const app = Fastify()
  await app.register(faststreamPlugin, options)
  app.broker.subscriber('orders', async (_, { log, timestamp }) => { log.info({ at: timestamp?.getTime() }) })
  const broker = await testBroker(app)
  await broker.settled({ timeout: undefined })
}
`

/** Undefined wherever an option is optional: what \`process.env\` and conditional spreads give. */
const UNDEFINED = `
import type {
  FaststreamOptions, PublishOptions, SubscriberOptions, PublisherOptions, AsyncapiOptions
} from 'fastify-faststream'
type Undefined<T> = { [K in keyof T as {} extends Pick<T, K> ? K : never]-?: undefined }
export const all: [
  Undefined<FaststreamOptions>, Undefined<PublishOptions>, Undefined<SubscriberOptions<{}, unknown>>,
  Undefined<PublisherOptions<{}, unknown>>, Undefined<AsyncapiOptions>,
  Undefined<NonNullable<FaststreamOptions['retry']>>
] = null as never
export const taken: [
  FaststreamOptions, PublishOptions, SubscriberOptions<{}, unknown>,
  PublisherOptions<{}, unknown>, AsyncapiOptions, NonNullable<FaststreamOptions['retry']>
] = all
`

interface Project {
  readonly compiler?: keyof typeof COMPILERS
  readonly type?: 'module' | 'commonjs'
  readonly options: object
  /** By their names. One project of several files costs little more than one of a single file. */
  readonly files?: Readonly<Record<string, string>>
}

/** The errors of a project, one a line; none when it compiles. */
async function compile (
  t: Test, { compiler = 5.9, type = 'module', options, files = { 'app.ts': APP } }: Project
): Promise<string> {
  const compilerOptions = {
    target: 'ES2022', strict: true, noEmit: true, skipLibCheck: false, types: ['node'], ...options
  }
  const folder = t.testdir({
    'package.json': JSON.stringify({ type }),
    'tsconfig.json': JSON.stringify({ compilerOptions, files: Object.keys(files) }),
    ...files,
    node_modules: {}
  })
  for (const name of ['fastify', '@types', '@fastify', '@sinclair', 'pino', 'undici-types']) {
    symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name))
  }
  symlinkSync(resolve('.'), join(folder, 'node_modules', 'fastify-faststream'))
  return errorsOf(await import(COMPILERS[compiler]) as { default: TypeScript }, join(folder, 'tsconfig.json'))
}

/** What `tsc -p` prints, in this process: a compiler in a process of its own would be compiled itself each time. */
function errorsOf ({ default: ts }: { default: TypeScript }, config: string): string {
  const parsed = ts.getParsedCommandLineOfConfigFile(config, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic })
  const { fileNames, options, errors } = parsed as ParsedCommandLine
  const found = [...errors, ...ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options))]
  return ts.formatDiagnostics(found, {
    getCurrentDirectory: process.cwd, getCanonicalFileName: (name) => name, getNewLine: () => '\n'
  }).trim()
}

function onUnRecoverableConfigFileDiagnostic ({ messageText }: Diagnostic): never {
  throw new Error(String(messageText))
}

const esm = { module: 'NodeNext', moduleResolution: 'NodeNext' }
const skip = { skipLibCheck: true }

t.test('compiles as an ES module, for Node and for a bundler, also with exactOptionalPropertyTypes', async (t) => {
  const files = { 'app.ts': APP, 'undefined.ts': UNDEFINED }
  t.equal(await compile(t, { options: { ...esm, ...skip, exactOptionalPropertyTypes: true }, files }), '')
  t.equal(await compile(t, { options: { module: 'ESNext', moduleResolution: 'Bundler', ...skip } }), '')
})

t.test('compiles with the oldest TypeScript that the documents name', async (t) => {
  t.match(readFileSync('README.md', 'utf8') + readFileSync('docs/building.md', 'utf8'), /TypeScript 5\.4/)
  t.equal(await compile(t, { compiler: 5.4, options: { ...esm, ...skip } }), '')
  t.equal(await compile(t, { compiler: 5.4, options: { module: 'ESNext', moduleResolution: 'Bundler', ...skip } }), '')
})

t.test('CommonJS: nodenext requires the ES module, node16 says that it cannot and uses import()', async (t) => {
  t.equal(await compile(t, { type: 'commonjs', options: { ...esm, ...skip } }), '')
  const node16 = { module: 'Node16', moduleResolution: 'Node16', ...skip }
  const imported = APP.replace(
    /^import \{ (faststreamPlugin).*$/m,
    "import type { FaststreamOptions } from 'fastify-faststream' with { 'resolution-mode': 'import' }"
  )
    .replace(/^import \{ testBroker.*$/m, '')
    .replace(
      '  const app',
      "  const { faststreamPlugin } = await import('fastify-faststream')\n" +
      "  const { testBroker } = await import('fastify-faststream/testing')\n  const app"
    )
  const files = { 'app.ts': APP, 'imported.ts': imported }
  const errors = (await compile(t, { type: 'commonjs', options: node16, files })).split(/\n(?=\S*\.ts\()/)
  t.equal(errors.length, 2, 'one for each entry of the package')
  for (const error of errors) t.match(error, /app\.ts\(.*TS1479/)
})

t.test('the resolution of TypeScript 4 (node10) finds both entries', async (t) => {
  t.equal(await compile(t, { options: { module: 'ESNext', moduleResolution: 'node10', ...skip } }), '')
})

t.test('a handler that is forgotten beside its options and a wrong schema are told readably', async (t) => {
  const source = `
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import { faststreamPlugin } from 'fastify-faststream'
const Order = Type.Object({ id: Type.String() })
const app = Fastify()
await app.register(faststreamPlugin)
app.broker.subscriber('orders', { schema: { value: Order }, concurrency: 1 })
app.broker.subscriber('orders', { schema: Order }, () => {})
app.broker.publisher('orders', { schema: Order })
`
  const files = { 'app.ts': source }
  const errors = (await compile(t, { options: { ...esm, ...skip }, files })).split(/\n(?=\S*app\.ts\()/)
  t.equal(errors.length, 3)
  t.match(errors[0], /app\.ts\(8,[^]*does not exist in type 'HandlerAsLastArgument</)
  for (const error of errors.slice(1)) t.match(error, /has no properties in common with type 'MessageSchema'/)
})
