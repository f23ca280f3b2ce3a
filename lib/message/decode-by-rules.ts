import { isPromise } from '../is-promise.js'
import { FASTSTREAM_ERR_DECODE } from '../errors.js'
import { reasonOf } from '../to-error.js'
import { decisionOf, StopConsume } from './ack.js'
import { withParts, type CodecRules } from './codec-rules.js'
import { checkSize, validated, type Decoded, type IncomingRules } from './decode.js'
import { decodeHeaders } from './headers.js'
import { RawMessage, type UndecodedDelivery } from './raw-message.js'

/** Rules of a subscriber that has a codec, a decoder or a parser. */
export type CodecIncomingRules = IncomingRules & { readonly codecs: CodecRules }

/** True when messages are decoded by more than their content type. */
export function hasCodecs (rules: IncomingRules): rules is CodecIncomingRules {
  return rules.codecs !== undefined
}

/**
 * Decodes and validates a record by the codec, decoder and parser of its subscriber. Returns a promise only where one
 * of them does.
 *
 * @throws FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_VALIDATION, and decisions about the message
 */
export function decodeByRules (
  delivery: UndecodedDelivery, rules: CodecIncomingRules
): Decoded | PromiseLike<Decoded> {
  const { bodyLimit, codecs: { parse } } = rules
  checkSize(delivery.record.size, bodyLimit)
  const raw = new RawMessage(delivery, delivery.record)
  if (parse === undefined) return decodeParts(raw, rules)
  const parsed = guarded('message', () => after(parse(raw), (parts) => withParts(raw, parts)))
  return after(parsed, (message) => {
    checkSize((message.rawValue?.length ?? 0) + (message.rawKey?.length ?? 0), bodyLimit)
    return decodeParts(message, rules)
  })
}

function decodeParts (message: RawMessage, rules: CodecIncomingRules): Decoded | PromiseLike<Decoded> {
  const { validators, codecs: { parse, decodeKey, decodeValue } } = rules
  // A validator may change what it checks, and a codec reads the headers, too.
  const headers = validators.headers === undefined
    ? (parse && message.headers)
    : validators.headers(decodeHeaders(message.rawHeaders))
  const key = validators.key === undefined
    ? message.rawKey
    : after(guarded('key', () => decodeKey(message)), validators.key)
  return after(key, (key) => after(guarded('value', () => decodeValue(message)), (value) => {
    return { key, headers, value: validated(value, message.rawValue === null, validators) }
  }))
}

/** Goes on with a value at once, or when it is there. */
function after<T, R> (value: T | PromiseLike<T>, next: (value: T) => R | PromiseLike<R>): R | PromiseLike<R> {
  return isPromise(value) ? value.then(next) : next(value)
}

/** Runs the app's share of decoding: an error of it says of which part it is. */
function guarded<T> (part: string, run: () => T | PromiseLike<T>): T | PromiseLike<T> {
  const refuse = (error: unknown): never => { throw refusal(part, error) }
  const returned = (value: T): T => value === undefined ? refuse(new TypeError(NOTHING)) : value
  try {
    const made = run()
    return isPromise(made) ? made.then(returned).then(undefined, refuse) : returned(made)
  } catch (error) {
    return refuse(error)
  }
}

const NOTHING = 'what decodes it returned undefined: return the value, or null for none'

/** A decision of the app stays what it is. */
function refusal (part: string, error: unknown): unknown {
  if (error instanceof FASTSTREAM_ERR_DECODE || error instanceof StopConsume) return error
  if (decisionOf(error) !== undefined) return error
  return new FASTSTREAM_ERR_DECODE(part, reasonOf(error), { cause: error })
}
