import Fastify, { type FastifyInstance } from 'fastify'
import type { AsyncapiDocument } from '../../../types/asyncapi.js'
import { OWN_ROUTE } from '../../scope.js'
import { normaliseAsyncapi } from '../settings.js'
import { AppDocument } from './app-document.js'
import { OperationCounters } from './counters.js'
import { serveTexts } from './document-routes.js'
import { servePage } from './page-routes.js'
import { protect } from './policy.js'

/** A server of nothing but the page of one document, at '/asyncapi'. Nothing can be published from it. */
export function serveDocument (given: AsyncapiDocument): FastifyInstance {
  const app = Fastify()
  const document = new AppDocument(() => ({ document: given, origins: new Map(), unknownSchemas: [] }), () => 0)
  document.complete = true
  const settings = normaliseAsyncapi(true)
  const options = protect(OWN_ROUTE)
  app.get('/', async (_, reply) => reply.redirect(settings.routePrefix))
  app.register(async (scope) => {
    servePage(scope, document, settings, options, new OperationCounters(app, document))
    serveTexts(scope, document, options)
  }, { prefix: settings.routePrefix })
  return app
}
