import { FASTSTREAM_ERR_INSECURE_SASL, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { FaststreamOptions } from '../../types/index.js'
import { isLoopback, sendsSecret } from '../loopback.js'
import { type CredentialMembers, MECHANISMS, shapeOf } from '../sasl.js'
import { callable, isObject, onlyKnown, text } from './assert.js'

/* Checks of the options that say how the app reaches its cluster. */

const ADDRESS = /^(?:\[[\da-f:.]+\]|[^\s:@/[\],]+):(\d{1,5})$/i
const FORM = "must be a list of addresses such as ['localhost:9092'], with ports from 1 to 65535"

/** The addresses one by one: a text may hold several, separated by commas. No error repeats an address. */
export function checkBrokers (option: string, brokers: string | readonly string[]): readonly string[] {
  const texts: readonly unknown[] = Array.isArray(brokers) ? brokers : [brokers]
  const addresses = texts.flatMap((each) => {
    return typeof each === 'string' ? each.split(',').map((part) => part.trim()) : ['']
  })
  if (addresses.length === 0) throw new FASTSTREAM_ERR_INVALID_OPTION(option, FORM)
  for (const address of addresses) checkAddress(option, address)
  return addresses
}

function checkAddress (option: string, address: string): void {
  if (/@/.test(address)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, "must hold no credentials: write them as 'sasl'")
  }
  if (address.includes('://')) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, `${FORM}, without a protocol: TLS is the option 'ssl'`)
  }
  const port = Number(ADDRESS.exec(address)?.[1])
  if (!(port >= 1 && port <= 65_535)) throw new FASTSTREAM_ERR_INVALID_OPTION(option, FORM)
}

/** `node:tls` checks the members of the object. */
export function checkSsl<T> (option: string, ssl: T): T {
  if (typeof ssl !== 'boolean' && !isObject(ssl)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be true, false or the options of node:tls')
  }
  return ssl
}

const TOKEN_PROVIDER = 'must be a function that returns the token'

/** A copy, because kafkajs writes into its own. No error repeats a credential. */
export function checkSasl<T extends { readonly mechanism: string }> (option: string, sasl: T): T {
  if (!isObject(sasl)) {
    const cure = "must be an object such as { mechanism: 'scram-sha-256', username, password }"
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  text(`${option}.mechanism`, sasl.mechanism)
  const mechanism = sasl.mechanism.toLowerCase()
  if (!MECHANISMS.has(mechanism)) {
    const cure = `must be one of '${[...MECHANISMS.keys()].join("', '")}'`
    throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.mechanism`, cure)
  }
  const given = Object.fromEntries(Object.entries(sasl).filter(([, value]) => value !== undefined))
  checkProof(option, given, MECHANISMS.get(mechanism))
  return { ...sasl }
}

/** What proves the identity of the app. `members`: undefined where that is a token. */
function checkProof (
  option: string, given: Readonly<Record<string, unknown>>, members: CredentialMembers | undefined
): void {
  if (members === undefined) {
    onlyKnown(`${option}.`, given, ['mechanism', 'oauthBearerProvider'])
    return callable(`${option}.oauthBearerProvider`, given['oauthBearerProvider'], TOKEN_PROVIDER)
  }
  const { required, optional } = members
  if ('credentials' in given) {
    onlyKnown(`${option}.`, given, ['mechanism', 'credentials'])
    const cure = `must be a function that returns ${shapeOf(members)}`
    return callable(`${option}.credentials`, given['credentials'], cure)
  }
  onlyKnown(`${option}.`, given, ['mechanism', ...required, ...optional])
  for (const name of required) text(`${option}.${name}`, given[name])
}

type Security = Pick<FaststreamOptions, 'brokers' | 'ssl' | 'sasl' | 'allowInsecureSasl'>

/** Refuses credentials that other hosts could read on their way to the cluster. @throws FASTSTREAM_ERR_INSECURE_SASL */
export function checkCredentials (addresses: readonly string[], { ssl, sasl, allowInsecureSasl }: Security): void {
  if (sasl === undefined || !sendsSecret({ ssl, sasl, allowInsecureSasl })) return
  if (addresses.every(isLoopback)) return
  throw new FASTSTREAM_ERR_INSECURE_SASL(sasl.mechanism, "to a host of 'brokers'")
}

/** True when the app is told to accept any certificate, also one of another host. */
export function acceptsAnyCertificate (ssl: FaststreamOptions['ssl']): boolean {
  return typeof ssl === 'object' && ssl.rejectUnauthorized === false
}
