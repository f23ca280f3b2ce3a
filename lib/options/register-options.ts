import type { RegisterOptions } from 'fastify'
import { isObject, text } from './assert.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

/** Options of `register` itself. Fastify passes them on to each plugin, and so does @fastify/autoload. */
export const REGISTER_OPTIONS: ReadonlyArray<keyof RegisterOptions> = ['prefix', 'logLevel', 'logSerializers']

/**
 * Options of `register`, for the routes of the plugin. Fastify does not apply them itself, because the plugin has no
 * scope of its own (`fastify-plugin`).
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function registerOptionsOf ({ prefix, logLevel, logSerializers }: RegisterOptions): RegisterOptions {
  if (prefix !== undefined && prefix !== '') text('prefix', prefix)
  if (logLevel !== undefined) text('logLevel', logLevel)
  if (logSerializers !== undefined && !isObject(logSerializers)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('logSerializers', 'must be an object of functions')
  }
  return { prefix, logLevel, logSerializers } as RegisterOptions
}
