import type {
  FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, RegisterOptions
} from 'fastify'
import type { DeadLetterAction, DeadLetters, RecordMetadata, RedriveReport } from '../../types/index.js'
import { isSameOrigin } from '../asyncapi/publish/same-origin.js'
import { letterPathsOf } from '../asyncapi/site/letter-paths.js'
import { brokersOf } from '../broker/app-brokers.js'
import { within } from '../clock.js'
import { FASTSTREAM_ERR_DEAD_LETTERS_FORBIDDEN } from '../errors.js'
import { kOwnRoute } from '../symbols.js'
import { asInput, discardOptions, placeOfPath, queryOf, redriveOptions } from './input.js'
import type { RouteSettings } from './settings.js'

/** ms */
const AUTHORIZE_TIMEOUT = 10_000
/** Letters that one request redrives at most, so that a page can show how it goes on. */
const MOST_REDRIVEN = 1000

/** Serves the routes of one broker's dead letters, where the app has asked for them. */
export function serveDeadLetters (
  app: FastifyInstance, { name, deadLetters }: { readonly name: string, readonly deadLetters: DeadLetters },
  settings: RouteSettings | undefined, registerOptions: RegisterOptions
): void {
  if (settings === undefined) return
  const { authorize } = settings
  const schema = { hide: true } as FastifySchema
  const config = { [kOwnRoute]: true } as FastifyContextConfig

  async function permit (request: FastifyRequest, action: DeadLetterAction): Promise<void> {
    if (request.method === 'POST' && !isSameOrigin(request)) {
      throw new FASTSTREAM_ERR_DEAD_LETTERS_FORBIDDEN(action, 'the request comes from another site')
    }
    if (authorize === undefined) return
    let answer: unknown
    const answered = async (): Promise<void> => { answer = await authorize(request, action) }
    await within(brokersOf(app).environment.clock, AUTHORIZE_TIMEOUT, answered())
    if (answer !== true) throw new FASTSTREAM_ERR_DEAD_LETTERS_FORBIDDEN(action, "'authorize' did not allow it")
  }

  /** The answer may hold what customers wrote: no cache keeps it. */
  function route (
    action: DeadLetterAction, handle: (request: FastifyRequest) => Promise<unknown>
  ): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
    return async function deadLetterRoute (request, reply) {
      await permit(request, action)
      reply.header('cache-control', 'no-store')
      return await asInput(async () => await handle(request))
    }
  }

  async function deadLetterRoutes (scope: FastifyInstance): Promise<void> {
    const options = { schema, config }
    letterPathsOf(scope).set(name, scope.prefix)
    scope.get('/', options, route('list', async (request) => await deadLetters.list(queryOf(request.query))))
    // Not ':topic': the name of a topic may be longer than Fastify's `maxParamLength`.
    scope.get('/*', options, route('show', async (request) => await deadLetters.show(placeOfPath(request.params))))
    scope.post('/redrive', options, route('redrive', async (request) => {
      const { limit = MOST_REDRIVEN, ...rest } = redriveOptions(request.body)
      request.log.info({ action: 'redrive' }, 'dead letters are redriven by a request')
      return reportAsJson(await deadLetters.redrive({ ...rest, limit: Math.min(limit, MOST_REDRIVEN) }))
    }))
    scope.post('/discard', options, route('discard', async (request) => {
      request.log.info({ action: 'discard' }, 'dead letters are discarded by a request')
      return await deadLetters.discard(discardOptions(request.body))
    }))
  }

  const prefix = (registerOptions.prefix ?? '').replace(/\/$/, '') + settings.prefix
  app.register(deadLetterRoutes, { ...registerOptions, prefix })
}

/** Offsets are text, as those of letters: JSON has no number of 64 bits. */
function reportAsJson ({ refused, verdicts, ...report }: RedriveReport): object {
  const asText = <Place extends RecordMetadata>(place: Place): object => ({ ...place, offset: String(place.offset) })
  return { ...report, refused: refused.map(asText), verdicts: verdicts.map(asText) }
}
