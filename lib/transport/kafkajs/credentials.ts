import { inOwnContext } from '../../context.js'
import { MECHANISMS, shapeOf } from '../../sasl.js'
import { reasonOf } from '../../to-error.js'
import type { SaslOptions } from '../../../types/index.js'
import { WireError } from '../kafka/wire.js'

/** Options of kafkajs's SASL, which it writes into. */
export type KafkajsSasl = { mechanism: string } & Record<string, unknown>

/** The credentials of the app, anew for each connection: those of the option, or what its function returns now. */
export class SaslCredentials {
  readonly mechanism: string
  readonly #sasl: SaslOptions
  #username: unknown

  constructor (sasl: SaslOptions) {
    this.mechanism = sasl.mechanism.toLowerCase()
    this.#sasl = sasl
    this.#username = Reflect.get(sasl, 'username')
  }

  /** Principal of the app on the cluster, as far as it is known. */
  get principal (): string | undefined {
    return this.#username === undefined ? undefined : `User:${String(this.#username)}`
  }

  /**
   * Rejects with a `WireError` that names the option: when the function fails, when it returns something else, and
   * when `signal` aborts first. No error holds a credential.
   */
  async forConnection (signal: AbortSignal): Promise<KafkajsSasl> {
    const { mechanism } = this
    const sasl = this.#sasl
    if ('oauthBearerProvider' in sasl) {
      const token = await provided('oauthBearerProvider', sasl.oauthBearerProvider, signal)
      expectTexts('oauthBearerProvider', token, ['value'], '{ value }')
      return { mechanism, oauthBearerProvider: async () => token }
    }
    if (sasl.credentials === undefined) return { ...sasl, mechanism }
    const members = MECHANISMS.get(mechanism)!
    const given = await provided<object>('credentials', sasl.credentials, signal)
    expectTexts('credentials', given, members.required, shapeOf(members))
    this.#username = Reflect.get(given, 'username')
    const names = [...members.required, ...members.optional]
    return { mechanism, ...Object.fromEntries(names.map((name) => [name, Reflect.get(given, name)])) }
  }
}

async function provided<Given> (
  name: string, provide: () => Given | PromiseLike<Given>, signal: AbortSignal
): Promise<Given> {
  signal.throwIfAborted()
  return await new Promise((resolve, reject) => {
    const late = `the function 'sasl.${name}' did not answer in time`
    const giveUp = (): void => { reject(unprovided(late, signal.reason)) }
    signal.addEventListener('abort', giveUp, { once: true })
    inOwnContext(async () => await provide()).then(
      resolve, (err) => { reject(unprovided(`the function 'sasl.${name}' failed: ${reasonOf(err)}`, err)) }
    ).finally(() => { signal.removeEventListener('abort', giveUp) })
  })
}

/** Trying again may help: the source of the credentials may be out of order for a while. */
function unprovided (message: string, cause: unknown): WireError {
  return new WireError(message, 'connection', cause, 'sasl')
}

function expectTexts (name: string, given: unknown, members: readonly string[], shape: string): void {
  const isComplete = typeof given === 'object' && given !== null && members.every((member) => {
    const value: unknown = Reflect.get(given, member)
    return typeof value === 'string' && value !== ''
  })
  if (isComplete) return
  const message = `the function 'sasl.${name}' must return ${shape}, with texts that are not empty`
  throw new WireError(message, 'authentication', undefined, 'sasl')
}
