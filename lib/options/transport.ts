import type { FaststreamOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { checkTransport } from '../transport/create.js'
import { callable, oneOf } from './assert.js'

type Given = NonNullable<FaststreamOptions['transport']>

/** A transport by its name, or one that the app brings: an object, or a function that creates it. */
export function checkTransportOption (option: string, transport: Given): Given {
  if (typeof transport === 'function') callable(option, transport, 'must be a function that returns a transport')
  else if (typeof transport === 'string') oneOf(option, transport, ['kafkajs', 'memory'])
  else checkTransport(option, transport)
  return transport
}

/** A failed start closes its transport, and the next try needs a new one. */
export function checkStartup (startup: FaststreamOptions['startup'], transport: Given): void {
  if (startup !== 'background' || typeof transport !== 'object') return
  const cure = "must be a function with startup 'background': each try at the start needs a transport of its own"
  throw new FASTSTREAM_ERR_INVALID_OPTION('transport', cure)
}
