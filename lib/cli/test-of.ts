import type { DeadLetterDetails } from '../../types/index.js'

/** What a test is written with. */
export interface TestOptions {
  /** Topic of the original message. */
  readonly topic: string
  readonly runner: 'tap' | 'vitest'
  /** Module of the app, as the test imports it. */
  readonly app: string
}

/**
 * A test of the app that handles the message of a dead letter: it fails now, and passes when the fault is mended. Its
 * bytes are base64, so that nothing of a message can become code.
 */
export function testOf (letter: DeadLetterDetails, { topic: origin, runner, app }: TestOptions): string {
  const { topic, partition, offset, rawKey, rawValue, messageHeaders } = letter
  const headers: Record<string, Array<string | null>> = {}
  for (const [name, value] of messageHeaders) (headers[name] ??= []).push(value && value.toString('base64'))
  const isVitest = runner === 'vitest'
  const title = `the message of ${topic}[${partition}] ${offset} is handled`
  return `${isVitest ? "import { expect, test } from 'vitest'" : "import t from 'tap'"}
import { testBroker } from 'fastify-faststream/testing'
// The app of the letter: change this line if it is built in another way.
import { build } from ${JSON.stringify(app)}

const decoded = (base64) => base64 === null ? null : Buffer.from(base64, 'base64')
const HEADERS = ${JSON.stringify(headers, null, 2)}

${isVitest ? 'test' : 't.test'}(${JSON.stringify(title)}, async (${isVitest ? '' : 't'}) => {
  const app = await build()
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
