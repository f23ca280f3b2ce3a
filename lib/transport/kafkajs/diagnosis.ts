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
/** The first bytes of a TLS record: an alert or a handshake, of version 3.x. */
const TLS_RECORD = [0x15, 0x16]
const TLS_VERSION = 3
const CLOSED = 'the broker closed the connection'

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

  /** A request of the SASL exchange failed. */
  saslFailed (error: unknown): void {
    this.#brokeInSasl = isBroken(error)
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
      return new WireError('the broker speaks TLS on this port, and this app does not', 'connection', error, 'ssl')
    }
    if (!this.#ssl) return undefined
    if (TLS_CODE.test(code)) return new WireError(`${message} (${code})`, 'connection', error, 'ssl')
    if (!this.#connected || this.#secure) return undefined
    const reason = `${CLOSED} during the TLS handshake, as a port without TLS does`
    return new WireError(code === 'ECONNRESET' ? reason : message, 'connection', error, 'ssl')
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
