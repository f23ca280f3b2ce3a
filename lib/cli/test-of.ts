import type { DeadLetterDetails } from '../../types/index.js'
import type { AppOptions } from './app-options.js'
import type { AppExport } from './find-app.js'

/** What a test is written with. */
export interface TestOptions {
  /** Topic of the original message. */
  readonly topic: string
  readonly runner: 'tap' | 'vitest'
  /** Module of the app, as the test imports it. */
  readonly module: string
  readonly exported: AppExport
  /** Options of the app. */
  readonly options: AppOptions
}

/**
 * A test of the app that handles the message of a dead letter: it fails now, and passes when the fault is mended. Its
 * bytes are base64, so that nothing of a message can become code.
 */
export function testOf (letter: DeadLetterDetails, options: TestOptions): string {
  const { topic: origin, runner } = options
  const { topic, partition, offset, rawKey, rawValue, messageHeaders } = letter
  const headers: Record<string, Array<string | null>> = {}
  for (const [name, value] of messageHeaders) (headers[name] ??= []).push(value && value.toString('base64'))
  const isVitest = runner === 'vitest'
  const title = `the message of ${topic}[${partition}] ${offset} is handled`
  const { imports, app } = appOf(options)
  return `${[
    isVitest ? "import { expect, test } from 'vitest'" : "import t from 'tap'",
    "import { testBroker } from 'fastify-faststream/testing'",
    ...imports
  ].join('\n')}

const decoded = (base64) => base64 === null ? null : Buffer.from(base64, 'base64')
const HEADERS = ${JSON.stringify(headers, null, 2)}

${isVitest ? 'test' : 't.test'}(${JSON.stringify(title)}, async (${isVitest ? '' : 't'}) => {
${app}
  const broker = await testBroker(app)
  const value = decoded(${JSON.stringify(rawValue && rawValue.toString('base64'))})
  const key = decoded(${JSON.stringify(rawKey && rawKey.toString('base64'))})
  const headers = Object.fromEntries(Object.entries(HEADERS).map(([name, values]) => [name, values.map(decoded)]))
  await broker.publish(${JSON.stringify(origin)}, value, { headers, ...key !== null && { key } })
  await broker.settled()
  const errors = broker.errors.map(({ error }) => error.message)
  await app.close()
  ${isVitest ? 'expect(errors).toEqual([])' : 't.same(errors, [])'}
})
`
}

/** The lines that import the app, and those that make it as the command did. */
function appOf ({ module, exported: { name, kind }, options }: TestOptions) {
  const from = JSON.stringify(module)
  const given = Object.keys(options).length === 0 ? '' : JSON.stringify(options)
  if (kind === 'plugin') {
    const imports = ["import Fastify from 'fastify'", `import * as module from ${from}`]
    const register = `  await app.register(module.default${given === '' ? '' : `, ${given}`})`
    return { imports, app: `  const app = Fastify(module.options)\n${register}` }
  }
  const local = kind === 'app' ? 'exported' : 'build'
  const imported = name === 'default' ? local : name === local ? `{ ${name} }` : `{ ${name} as ${local} }`
  const app = kind === 'app' ? '  const app = exported' : `  const app = await build(${given})`
  return { imports: [`import ${imported} from ${from}`], app }
}
