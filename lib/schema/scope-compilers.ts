import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySerializerCompiler } from 'fastify'
import { perApp } from '../scope.js'
import { kOwnRoute } from '../symbols.js'
import type { Compiler } from './ajv.js'

export type SerializerCompiler = FastifySerializerCompiler<unknown>

/** The compilers of a scope, as its routes have them. */
export interface ScopeCompilers {
  readonly validator: Compiler
  /** Undefined: Fastify's own, which removes and coerces what a check of outgoing values refuses. */
  readonly serializer: SerializerCompiler | undefined
}

/** Names of the functions that Fastify's own factories return. */
const FASTIFYS = { validator: 'bound buildValidatorFunction', serializer: 'bound responseSchemaCompiler' }

const PATH = '/.faststream/compilers'

const scopesOf = perApp(() => new Set<FastifyInstance>())

/**
 * Adds a route to the scope, so that Fastify makes the scope's compilers at boot: no other public way gives those that
 * a `schemaController` or `Fastify({ ajv })` asks for. The route has schemas for no content type and no status, so that
 * nothing is compiled for it, and answers 404.
 */
export function requestCompilers (scope: FastifyInstance): void {
  const scopes = scopesOf(scope)
  if (scopes.has(scope)) return
  scopes.add(scope)
  scope.route({
    method: 'POST',
    // Scopes may share a prefix.
    url: `${PATH}/${scopes.size}`,
    schema: { hide: true, body: { content: {} }, response: {} } as object,
    config: { [kOwnRoute]: true } as object,
    logLevel: 'silent',
    // Before the body is read.
    onRequest: notFound,
    handler: notFound
  })
}

/** The compilers that were made at boot for a scope that has requested them. */
export function compilersOf (scope: FastifyInstance): ScopeCompilers {
  const { validatorCompiler, serializerCompiler } = scope
  const isOwn = serializerCompiler === undefined || serializerCompiler.name === FASTIFYS.serializer
  return { validator: validatorCompiler as Compiler, serializer: isOwn ? undefined : serializerCompiler }
}

/** True when Fastify has made compilers for the scope, or for one around it. */
export function hasCompilers ({ validatorCompiler }: FastifyInstance): boolean {
  return validatorCompiler !== undefined
}

/** Whether a compiler is one that Fastify makes when it is told nothing else than `ajv`. */
export function isFastifys (compiler: Compiler): boolean {
  return compiler.name === FASTIFYS.validator
}

async function notFound (_: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  reply.callNotFound()
  return reply
}
