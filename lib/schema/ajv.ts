import AjvCompiler from '@fastify/ajv-compiler'
import type { FastifyInstance, FastifySchemaCompiler, FastifyServerOptions } from 'fastify'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

export type Compiler = FastifySchemaCompiler<unknown>
export type AjvOptions = NonNullable<FastifyServerOptions['ajv']>

type Factory = (schemas: Record<string, unknown>, options: AjvOptions) => Compiler

/** Function that makes a factory. Its own types describe Ajv's `compile`, not what the factory takes and gives. */
const createFactory: () => unknown = AjvCompiler

const NO_OPTIONS: AjvOptions = {}

// An Ajv takes 10 ms to make, so a factory keeps those it made and finds them again by the JSON of schemas and custom
// options. That cannot tell plugins apart: each set of options has a factory of its own.
const factories = new WeakMap<AjvOptions, Factory>()

/** The compiler that Fastify would make for the routes of the scope, with `overrides` to the options of its Ajv. */
export function ajvCompiler (
  scope: FastifyInstance, ajv: AjvOptions = NO_OPTIONS, overrides: AjvOptions['customOptions'] = {}
): Compiler {
  const { customOptions = {}, plugins = [] } = ajv
  if (typeof customOptions !== 'object' || customOptions === null) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('ajv.customOptions', 'must be an object, as in Fastify({ ajv })')
  }
  if (!Array.isArray(plugins)) {
    const cure = 'must be a list of plugins or of [plugin, options], as in Fastify({ ajv })'
    throw new FASTSTREAM_ERR_INVALID_OPTION('ajv.plugins', cure)
  }
  // Fastify's own defaults (coercion, defaults, removal, formats) are the factory's.
  const options = { ...ajv, plugins, customOptions: { ...customOptions, ...overrides } } as AjvOptions
  return factoryOf(ajv)(scope.getSchemas(), options)
}

function factoryOf (ajv: AjvOptions): Factory {
  let factory = factories.get(ajv)
  if (factory === undefined) factories.set(ajv, factory = createFactory() as Factory)
  return factory
}
