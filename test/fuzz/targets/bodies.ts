import Fastify from 'fastify'
import faststreamPlugin from '../../../index.js'
import { toDraft } from '../../../lib/asyncapi/publish/draft.js'
import { parseJson } from '../../../lib/codec/json.js'
import { testBroker } from '../../../lib/testing/index.js'
import { HostileSchema } from '../../support/hostile-bodies.js'
import { pick } from '../../support/record-sets.js'
import { anyInteger, anyText, damage } from '../bytes.js'
import { promise, type Random, type Target } from '../target.js'

const NAMES = [
  'id', 'lines', 'prices', 'names', 'tags', 'child', 'value', 'key', 'headers', '__proto__', 'constructor', 'toString'
]
/** What a route answers to a message that it cannot publish. */
const REFUSED = new Set([
  'FASTSTREAM_ERR_INVALID_MESSAGE', 'FASTSTREAM_ERR_ENCODE', 'FASTSTREAM_ERR_INVALID_ARGUMENTS', 'FASTSTREAM_ERR_INVALID_OPTION'
])
const ANSWER_LIMIT = 32 * 1024
/** Depth of the values. */
const DEPTH = 6

/** Bodies of requests whose routes publish them, and drafts of the AsyncAPI page. */
export async function bodies (): Promise<Target> {
  const app = Fastify()
  await app.register(faststreamPlugin, { groupId: 'fuzz' })
  app.addSchema(HostileSchema)
  const orders = app.broker.publisher('orders', { schema: { value: { $ref: 'Hostile#' } } })
  app.post('/publish', async (request) => await request.broker.publish(orders, request.body as never))
  app.post('/free', async (request) => await request.broker.publish('free', request.body))
  app.broker.publisher('free')
  await testBroker(app)

  return {
    name: 'bodies',
    async run (random) {
      const payload = damage(Buffer.from(JSON.stringify(anyValue(random, DEPTH)) ?? ''), random)
      const url = pick(['/publish', '/free'], random)
      const answer = await app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload })
      const { code } = answer.json() as { readonly code?: string }
      promise(answer.statusCode < 500 || REFUSED.has(code ?? ''), `${answer.statusCode} ${answer.body.slice(0, 500)}`)
      promise(answer.body.length <= ANSWER_LIMIT, `an answer of ${answer.body.length} characters`)
      draft(payload)
    },
    async close () { await app.close() }
  }
}

function draft (payload: Buffer): void {
  try {
    const { headers } = toDraft(parseJson(payload, 'body'), new Date(0))
    promise(Object.getPrototypeOf(headers) === Object.prototype, 'a prototype is changed')
  } catch (error) {
    const { code } = error as { readonly code?: string }
    if (code !== 'FASTSTREAM_ERR_PUBLISH_BODY' && code !== 'FASTSTREAM_ERR_DECODE') throw error
  }
}

function anyValue (random: Random, depth: number): unknown {
  const kind = random(depth === 0 ? 5 : 9)
  if (kind === 0) return anyText(random)
  if (kind === 1) return anyInteger(random)
  if (kind === 2) return null
  if (kind === 3) return random(2) === 0
  if (kind === 4) return random(2 ** 31) / 7
  if (kind === 5) return Array.from({ length: random(random(20) === 0 ? 200 : 6) }, () => anyValue(random, depth - 1))
  // Not by assignment, which would set the prototype.
  return Object.fromEntries(Array.from({ length: random(8) }, () => (
    [random(4) === 0 ? anyText(random) : pick(NAMES, random), anyValue(random, depth - 1)])))
}
