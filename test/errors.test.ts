import t from 'tap'
import { readFileSync } from 'node:fs'
import * as errors from '../lib/errors.js'

const catalogue = Object.entries(
  errors as Record<string, new (...args: unknown[]) => Error & { code: string, statusCode: number }>
)

t.test('every error is exported under its code', async (t) => {
  for (const [name, FaststreamError] of catalogue) t.equal(new FaststreamError('a', 'b', 'c').code, name)
})

t.test('docs/errors.md lists the catalogue, with its status codes, and nothing else', async (t) => {
  const rows = readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `(FASTSTREAM_ERR_\w+)` \| (\d+) \|/gm)
  const listed = [...rows].map(([, code, status]) => `${code} ${status}`)
  t.same(
    listed.sort(),
    catalogue.map(([name, FaststreamError]) => `${name} ${new FaststreamError('a', 'b', 'c').statusCode}`).sort()
  )
})

t.test('the cause is kept', async (t) => {
  const cause = new Error('why')
  t.equal(new errors.FASTSTREAM_ERR_CONNECT('localhost:9092', 'refused', { cause }).cause, cause)
})
