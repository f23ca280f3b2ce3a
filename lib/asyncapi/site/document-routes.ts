import type { FastifyInstance, RouteShorthandOptions } from 'fastify'
import type { AppDocument } from './app-document.js'
import { send } from './send.js'

const JSON_TYPE = 'application/json; charset=utf-8'
const YAML_TYPE = 'application/yaml; charset=utf-8'

/** The document itself, as JSON and as YAML. */
export function serveTexts (scope: FastifyInstance, document: AppDocument, options: RouteShorthandOptions): void {
  scope.get('/json', options, async (request, reply) => send(request, reply, document.json(), JSON_TYPE))
  scope.get('/yaml', options, async (request, reply) => send(request, reply, document.yaml(), YAML_TYPE))
}
