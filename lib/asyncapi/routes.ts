import type { FastifyInstance, RegisterOptions } from 'fastify'
import type { AsyncapiDocument } from '../../types/asyncapi.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { AppDocument } from './site/app-document.js'
import { OperationCounters } from './site/counters.js'
import { noSurplus, onlyKnown, yesOrNo } from '../options/assert.js'
import { OWN_ROUTE, perApp } from '../scope.js'
import { appPackage } from './document/app-package.js'
import { describe, type Describable } from './document/description.js'
import { createDocument, type Created } from './document/document.js'
import { serveTexts } from './site/document-routes.js'
import { servePage } from './site/page-routes.js'
import { servePublish } from './publish/route.js'
import { protect } from './site/policy.js'
import type { AsyncapiSettings } from './settings.js'

const stateOf = perApp<{ document: AppDocument | undefined }>(() => ({ document: undefined }))

/**
 * Serves one document for all brokers of an app. The plugin that is registered first gives its options and the place of
 * its routes.
 */
export function documentApp (
  app: FastifyInstance, brokers: ReadonlyMap<string, Describable>, settings: AsyncapiSettings,
  registerOptions: RegisterOptions
): void {
  const known = stateOf(app).document
  if (known !== undefined && settings.written) {
    const cure = 'must be given where the plugin is registered first: one document describes all brokers of an app'
    throw new FASTSTREAM_ERR_INVALID_OPTION('asyncapi', cure)
  }
  const document = known ?? new AppDocument(create, declared)
  if (!app.hasDecorator('asyncapi')) app.decorate('asyncapi', asyncapi as FastifyInstance['asyncapi'])
  if (known === undefined) serve(app, document, settings, registerOptions)

  function create (): Created {
    const created = createDocument([...brokers.values()].map(describe), settings, appPackage())
    const schemas = created.unknownSchemas
    if (schemas.length > 0) {
      const message = 'the AsyncAPI document lacks the JSON Schema of some schemas: convert them in asyncapi.jsonSchema'
      app.log.warn({ schemas }, message)
    }
    return created
  }

  function declared (): number {
    let count = 0
    for (const { registry } of brokers.values()) count += registry.publishers.length
    return count
  }

  function asyncapi (options: { yaml?: boolean } = {}): AsyncapiDocument | string {
    noSurplus('asyncapi(options)', arguments, 1)
    onlyKnown('', options, ['yaml'])
    return yesOrNo('yaml', options.yaml ?? false) ? document.yaml().text : document.value()
  }
}

function serve (
  app: FastifyInstance, document: AppDocument, settings: AsyncapiSettings, registerOptions: RegisterOptions
): void {
  const { routePrefix, hooks, served, publish } = settings
  const counters = new OperationCounters(app, document)
  stateOf(app).document = document
  app.addHook('onReady', async function asyncapiOnReady () {
    document.complete = true
    // A fault of the document stops the app here, instead of failing its first request.
    if (!served) return
    document.json()
    counters.start()
  })
  if (!served) return
  const options = protect({ ...hooks, ...OWN_ROUTE })
  async function asyncapiRoutes (scope: FastifyInstance): Promise<void> {
    servePage(scope, document, settings, options, counters)
    counters.serve(scope, options)
    serveTexts(scope, document, options)
    if (publish !== undefined) servePublish(scope, document, publish, options)
  }

  // As Fastify joins prefixes: with one slash between them.
  const prefix = (registerOptions.prefix ?? '').replace(/\/$/, '') + routePrefix
  app.register(asyncapiRoutes, { ...registerOptions, prefix })
}
