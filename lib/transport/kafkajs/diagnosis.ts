import type { Socket } from 'node:net'
import { toError } from '../../to-error.js'
import { WireError } from '../kafka/wire.js'

/** What we read of an error of kafkajs. It is of the private copy: told apart by name and type, never by class. */
interface KafkajsError extends Error {
  readonly type?: string
  readonly code?: string
}

export type Phase = 'connect' | 'authenticate' | 'request'

/** Codes of OpenSSL and of Node for a TLS peer that is not trusted or does not trust us. */
const TLS_CODE = /^ERR_(SSL|TLS|OSSL)_|CERT|SELF_SIGNED|^UNABLE_TO_/
/** Bytes that kafkajs puts before what the broker said in an exchange. */
const LENGTH_BYTES = 4
/** The first bytes of a TLS record: an alert or a handshake, of version 3.x. */
const TLS_RECORD = [0x15, 0x16]
const TLS_VERSION = 3
const CLOSED = 'the broker closed the connection'
const NO_TLS = `${CLOSED} during the TLS handshake, as a port without TLS does`

/** What to do about a failed handshake, by the code of it. */
const CURES: ReadonlyArray<readonly [code: RegExp, cure: string]> = [
  [/ALTNAME/, "use a name of the certificate in 'brokers' and in the advertised listeners, or set 'ssl.servername'"],
  [/ALERT\w*(CERTIFICATE|UNKNOWN_CA)/, "give a certificate that the brokers trust as 'ssl.cert' and 'ssl.key'"],
  [/SELF_SIGNED|UNABLE_TO_/, "give the certificate of the brokers' authority as 'ssl.ca'"]
]

/** Observations of one connection: they tell which option a failure points at. */
export class Diagnosis {
  readonly #ssl: boolean
  readonly #mechanism: string | undefined
  #connected = false
  #secure = false
  #received = false
  #speaksTls = false
  #refusedOptions: string | undefined
  #offers: readonly string[] = []
  #brokeInSasl = false
  #refusedToken: string | undefined

  /** `mechanism`: undefined without SASL. */
  constructor (ssl: boolean, mechanism: string | undefined) {
    this.#ssl = ssl
    this.#mechanism = mechanism?.toUpperCase()
  }

  watch (socket: Socket): void {
    socket.once('connect', () => { this.#connected = true })
    socket.once('secureConnect', () => { this.#secure = true })
  }

  /** `node:tls` refused the options: nothing was sent. */
  optionsRefused (error: unknown): void {
    const { code = 'they are invalid' }: KafkajsError = toError(error)
    this.#refusedOptions = code
  }

  /** Bytes came. Returns whether they are TLS where this side speaks plaintext. */
  received (bytes: Buffer): boolean {
    this.#speaksTls ||= !this.#received && !this.#ssl && TLS_RECORD.includes(bytes[0]!) && bytes[1] === TLS_VERSION
    this.#received = true
    return this.#speaksTls
  }

  /** The mechanisms that the broker offers. */
  offered (mechanisms: readonly string[]): void {
    this.#offers = mechanisms
  }

  /**
   * The broker says why it refuses a token as if that were a step of the exchange (RFC 7628), which kafkajs takes for
   * success. Returns whether it does.
   */
  refusesToken (answer: Buffer): boolean {
    if (this.#mechanism !== 'OAUTHBEARER' || answer.length <= LENGTH_BYTES) return false
    this.#refusedToken = statusOf(answer.subarray(LENGTH_BYTES))
    return true
  }

  /** A request of the SASL exchange failed. */
  saslFailed (error: unknown): void {
    this.#brokeInSasl = isBroken(error)
  }

  /** True when the connection ended in the TLS handshake, and neither side said why. */
  endedInHandshake ({ code = '' }: KafkajsError): boolean {
    return this.#ssl && this.#connected && !this.#secure && !TLS_CODE.test(code)
  }

  /** The error of the wire for what ended a phase of the connection. */
  errorOf (cause: unknown, phase: Phase): WireError {
    const error: KafkajsError = toError(cause)
    return this.#tlsError(error) ?? (phase === 'authenticate' ? this.#saslError(error) : this.#otherError(error))
  }

  #tlsError (error: KafkajsError): WireError | undefined {
    const { message, code = '' } = error
    if (this.#refusedOptions !== undefined) {
      return new WireError(`node:tls refuses its options (${this.#refusedOptions})`, 'authentication', error, 'ssl')
    }
    if (this.#speaksTls) {
      return new WireError('the broker speaks TLS on this port, and this app does not', 'tls', error, 'ssl')
    }
    if (!this.#ssl) return undefined
    if (TLS_CODE.test(code)) {
      const cure = CURES.find(([codes]) => codes.test(code))?.[1]
      return new WireError(`${message} (${code})${cure === undefined ? '' : `: ${cure}`}`, 'tls', error, 'ssl')
    }
    if (!this.endedInHandshake(error)) return undefined
    return new WireError(code === 'ECONNRESET' ? NO_TLS : message, 'connection', error, 'ssl')
  }

  #saslError (error: KafkajsError): WireError {
    const { name, message, type } = error
    if (type === 'ILLEGAL_SASL_STATE') {
      return new WireError('the broker takes no credentials on this port', 'authentication', error, 'sasl')
    }
    if (this.#offers.length > 0 && !this.#offers.some((offer) => offer === this.#mechanism)) {
      const reason = `the broker does not offer ${this.#mechanism}, it offers ${this.#offers.join(', ')}`
      return new WireError(reason, 'authentication', error, 'sasl')
    }
    if (this.#refusedToken !== undefined) {
      return new WireError(`the broker refuses the token: ${this.#refusedToken}`, 'authentication', error, 'sasl')
    }
    const refused = name === 'KafkaJSSASLAuthenticationError' || /SASL|AUTHENTICATION/.test(type ?? '')
    // kafkajs calls a connection that breaks meanwhile a refusal, too.
    if (refused && !this.#brokeInSasl) return new WireError(message, 'authentication', error, 'sasl')
    return new WireError(message, 'connection', error, isBroken(error) ? undefined : 'sasl')
  }

  #otherError (error: KafkajsError): WireError {
    const silent = error.name === 'KafkaJSConnectionClosedError' && !this.#received && !this.#ssl
    const reason = silent ? `${CLOSED} without an answer: if this port speaks TLS, set 'ssl'` : error.message
    return new WireError(reason, 'connection', error)
  }
}

/** True when the connection broke, and no broker said anything. */
export function isBroken (error: unknown): boolean {
  return /^KafkaJSConnection(Closed)?Error$/.test(toError(error).name)
}

/** The error of an app without `sasl` whose broker asks for credentials. */
export function credentialsWanted (mechanisms: readonly string[], error: unknown): WireError {
  const reason = `the broker asks for credentials, it offers ${mechanisms.join(', ')}`
  return new WireError(reason, 'authentication', error, 'sasl')
}

/** The error of an app with `ssl` whose broker answers without TLS. */
export function tlsUnwanted (error: unknown): WireError {
  return new WireError('the broker speaks no TLS on this port, and this app does', 'tls', error, 'ssl')
}

/** Status of the JSON that refuses a token, such as `invalid_token`; nothing else of it is told. */
function statusOf (json: Buffer): string {
  return /"status"\s*:\s*"(\w{1,64})"/.exec(json.toString())?.[1] ?? 'it does not say why'
}
