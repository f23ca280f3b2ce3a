import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { AsyncapiPublish } from '../../../types/asyncapi.js'
import { brokersOf } from '../../broker/app-brokers.js'
import { systemClock } from '../../clock.js'
import {
  FASTSTREAM_ERR_PUBLISH_FORBIDDEN, FASTSTREAM_ERR_PUBLISH_RATE, FASTSTREAM_ERR_UNKNOWN_OPERATION
} from '../../errors.js'
import { PATH_LIMIT, visible } from '../../foreign-text.js'
import { send, type Prepared } from '../../message/outgoing.js'
import { parseJson } from '../../codec/json.js'
import { isTopic } from '../../transport/topic-partition.js'
import type { AppDocument } from '../site/app-document.js'
import type { Origin } from '../document/operations.js'
import { isAuthorized } from './authorize.js'
import { toDraft, type Draft } from './draft.js'
import { RateLimit } from './rate.js'
import { refusalOf, type Refusal } from './refusal.js'
import { isSameOrigin } from './same-origin.js'

/** 1 MiB: what Kafka takes by default. */
const BODY_LIMIT = 1024 * 1024

/** The only route of the document that changes something: it publishes one message, as one of the operations. */
export function servePublish (
  app: FastifyInstance, document: AppDocument, { authorize }: AsyncapiPublish, options: RouteShorthandOptions
): void {
  const rate = new RateLimit(systemClock)
  const onRequest = [checkOrigin, options.onRequest ?? []].flat()
  // A scope of its own, for its parsers: those of the app may take more than JSON, and take it in another way.
  app.register(async function asyncapiPublish (scope) {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseBody)
    // Not ':operationId': the name of an operation may be longer than Fastify's `maxParamLength`.
    scope.post('/publish/*', { ...options, onRequest, onError, bodyLimit: BODY_LIMIT }, publish)
  })

  async function publish (request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const id = idOf(request)
    const origin = await permitted(id, request)
    if (!rate.take()) {
      reply.header('retry-after', '1')
      throw new FASTSTREAM_ERR_PUBLISH_RATE()
    }
    const draft = toDraft(request.body, new Date(systemClock.now()))
    const prepared = await prepare(origin, draft, request)
    if ('violations' in prepared) {
      logFailure(request, prepared)
      return await reply.code(prepared.statusCode).send(prepared)
    }
    const { topic, partition, offset } = await send(prepared)
    const details = { operationId: id, broker: origin.broker, topic, partition, offset: String(offset) }
    request.log.info(details, 'a message was published from the AsyncAPI page')
    return { topic, partition, offset: String(offset), timestamp: draft.timestamp }
  }

  async function permitted (id: string, request: FastifyRequest): Promise<Origin> {
    const origin = document.origin(id)
    if (origin === undefined) throw new FASTSTREAM_ERR_UNKNOWN_OPERATION(id)
    const { action, topic, broker, parties } = origin
    if (parties.length === 0) throw new FASTSTREAM_ERR_PUBLISH_FORBIDDEN(id, 'a dead letter is a message that failed')
    if (!isTopic(topic)) throw new FASTSTREAM_ERR_PUBLISH_FORBIDDEN(id, 'its topic is a pattern, and no name')
    const { clock } = brokersOf(app).environment
    if (!await isAuthorized(authorize, request, { id, action, topic, broker }, clock)) {
      throw new FASTSTREAM_ERR_PUBLISH_FORBIDDEN(id, "'authorize' did not allow it")
    }
    return origin
  }
}

async function parseBody (_: FastifyRequest, body: Buffer): Promise<unknown> {
  return parseJson(body, 'body')
}

async function onError (request: FastifyRequest, _: FastifyReply, error: FastifyError): Promise<void> {
  logFailure(request, error)
}

async function checkOrigin (request: FastifyRequest): Promise<void> {
  if (isSameOrigin(request)) return
  const reason = 'the request comes from another site ' +
    "(or through a proxy that changes the host: then set Fastify's 'trustProxy')"
  throw new FASTSTREAM_ERR_PUBLISH_FORBIDDEN(idOf(request), reason)
}

/** Every declaration that is this operation must accept the message, which is sent once. */
async function prepare (
  { topic, parties }: Origin, draft: Draft, request: FastifyRequest
): Promise<Prepared | Refusal> {
  try {
    const [prepared] = await Promise.all(parties.map((party) => party.prepare(topic, draft, request)))
    return prepared as Prepared
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === undefined) throw error
    return refusal
  }
}

/** Leaves out the message of the error, in which the app's own code may quote the payload. */
function logFailure (request: FastifyRequest, { code, statusCode }: Pick<FastifyError, 'code' | 'statusCode'>): void {
  const operationId = visible(idOf(request), PATH_LIMIT)
  request.log.warn({ operationId, code, statusCode }, 'a publish from the AsyncAPI page failed')
}

function idOf ({ params }: FastifyRequest): string {
  return (params as { '*': string })['*']
}
