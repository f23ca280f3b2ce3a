import { posix } from 'node:path'
import type { FastifyInstance, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { rendition, type AppDocument } from './app-document.js'
import type { OperationCounters } from './counters.js'
import { encodingFor, varyByEncoding } from './encoding.js'
import { letterPathsOf } from './letter-paths.js'
import { loadAssets, type Asset } from './page-assets.js'
import { renderPage } from './page-html.js'
import { setImagePolicy } from './policy.js'
import { send } from './send.js'
import type { AsyncapiSettings } from '../settings.js'

/** The page at the prefix, with and without a slash behind it, and its files. */
export function servePage (
  scope: FastifyInstance, document: AppDocument, settings: AsyncapiSettings, options: RouteShorthandOptions,
  counters: OperationCounters
): void {
  const assets = loadAssets(settings)
  let title = settings.theme.title
  const given = Object.values(assets).filter((asset: Asset | undefined) => asset !== undefined)
  const files = new Map(given.map((asset) => [asset.name, asset]))

  scope.get('/', options, async (request, reply) => {
    title ??= String(document.value().info.title)
    const facts = {
      title,
      publish: settings.publish !== undefined,
      counters: await counters.areShownTo(request),
      openapi: pathToSwagger(scope, settings),
      letters: pathsToLetters(scope, document)
    }
    const html = renderPage(facts, assets, folderOf(request))
    // Without TLS, browsers look up the hosts of links before a person follows one.
    reply.header('x-dns-prefetch-control', 'off')
    return send(request, reply, rendition(html), 'text/html; charset=utf-8')
  })

  // Not ':file': an app's `maxParamLength` may be shorter than a name with its hash.
  scope.get<{ Params: { '*': string } }>('/static/*', options, async (request, reply) => {
    const file = files.get(request.params['*'])
    if (file === undefined) return reply.callNotFound()
    const encoding = encodingFor(request, file.br === undefined ? [] : ['br', 'gzip'])
    if (encoding !== undefined) reply.header('content-encoding', encoding)
    if (file.type.startsWith('image/')) setImagePolicy(reply)
    varyByEncoding(reply).header('cache-control', 'public, max-age=31536000, immutable').type(file.type)
    return reply.send(encoding === undefined ? file.identity : file[encoding])
  })
}

/**
 * Path of the page's files, relative to its address. The last segment is all of it that we know: proxies may have taken
 * others away. Behind a slash it is the folder itself.
 */
function folderOf ({ originalUrl }: FastifyRequest): string {
  const [path = ''] = originalUrl.split('?')
  const last = path.slice(path.lastIndexOf('/') + 1)
  return last === '' ? './' : `./${last}/`
}

/** The path to @fastify/swagger-ui, when it is at its usual place: it does not tell another place. */
function pathToSwagger (scope: FastifyInstance, { routePrefix }: AsyncapiSettings): string | undefined {
  const outside = scope.prefix.slice(0, scope.prefix.length - routePrefix.length)
  const paths = [outside, ''].map((prefix) => `${prefix}/documentation`)
  const found = paths.find((path) => {
    return scope.hasRoute({ method: 'GET', url: `${path}/static/swagger-initializer.js` })
  })
  return found === undefined ? undefined : pathTo(scope, found)
}

/** The paths to the routes of dead letters, by the id of the operation that sends these letters. */
function pathsToLetters (scope: FastifyInstance, document: AppDocument): Record<string, string> {
  const paths = letterPathsOf(scope)
  return Object.fromEntries(document.deadLetterOperations().flatMap(({ id, broker }) => {
    const path = paths.get(broker)
    return path === undefined ? [] : [[id, pathTo(scope, path)]]
  }))
}

/** From the page's folder. An empty path would be that of the working directory. */
function pathTo ({ prefix }: FastifyInstance, path: string): string {
  return posix.relative(prefix === '' ? '/' : prefix, path)
}
