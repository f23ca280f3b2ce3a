import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { isObject, text } from './assert.js'

/* Checks of the options that say how the app reaches its cluster. */

export function checkBrokers (option: string, brokers: readonly string[]): readonly string[] {
  if (!Array.isArray(brokers) || brokers.length === 0 || !brokers.every(isAddress)) {
    const cure = "must be a list of addresses such as ['localhost:9092'], with ports from 1 to 65535"
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  return brokers
}

function isAddress (broker: unknown): boolean {
  const port = typeof broker === 'string' ? Number(/^\S+:(\d+)$/.exec(broker)?.[1]) : NaN
  return port >= 1 && port <= 65_535
}

/** What the object holds is checked by `node:tls`. */
export function checkSsl<T> (option: string, ssl: T): T {
  if (typeof ssl !== 'boolean' && !isObject(ssl)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be true, false or the options of node:tls')
  }
  return ssl
}

/** The credentials are checked by kafkajs. */
export function checkSasl<T extends { readonly mechanism: string }> (option: string, sasl: T): T {
  if (!isObject(sasl)) {
    const cure = "must be an object such as { mechanism: 'scram-sha-256', username, password }"
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  text(`${option}.mechanism`, sasl.mechanism)
  return sasl
}
