import { finished } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isPromise } from '../is-promise.js'
import type { DeclaredDependency } from './dependency.js'
import { RequestContext, type RequestSurroundings } from './request-context.js'
import { Resolution } from './resolution.js'
import { codeOf } from '../members.js'

const NOTHING = Object.freeze({})

/** The dependencies of one request, until its reply is over. Nothing is made before something is asked for. */
export class RequestDeps {
  /** Dependencies of its route. */
  declared: ReadonlyMap<string, DeclaredDependency> | undefined
  values: Readonly<Record<string, unknown>> = NOTHING
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #surroundings: RequestSurroundings
  #context: RequestContext | undefined
  #resolution: Resolution | undefined
  #failure: { readonly error: unknown } | undefined
  #returned: unknown
  /** The reply does not wait for the clean-up: it streams, or the handler had its time and still runs. */
  #streams = false
  #late = false
  #over = false
  #gone: Error | null | undefined

  constructor (request: FastifyRequest, reply: FastifyReply, surroundings: RequestSurroundings) {
    this.#request = request
    this.#reply = reply
    this.#surroundings = surroundings
  }

  /** Aborts when the client is gone, when the handler has had its time, and when the app closes and waits no more. */
  get signal (): AbortSignal {
    return this.#given.signal
  }

  /** What factories are given. */
  get #given (): RequestContext {
    this.#context ??= new RequestContext(this.#request, this.#reply, this.#surroundings)
    return this.#context
  }

  get resolution (): Resolution {
    if (this.#resolution === undefined) {
      const resolution = new Resolution(this.#given, this.#surroundings.settings(this.#request))
      this.#resolution = resolution
      finished(this.#reply.raw, (gone) => {
        this.#over = true
        this.#gone = gone
        this.#end(resolution)
      })
    }
    return this.#resolution
  }

  failed (error: unknown): void {
    this.#failure ??= { error }
    if (codeOf(error) !== 'FST_ERR_HANDLER_TIMEOUT') return
    this.#late = true
    this.#context?.abort(error)
  }

  /** The handler was called. */
  handled (returned: unknown): void {
    this.#returned = returned
    if (this.#over) this.#end(this.resolution)
  }

  sends (payload: unknown): void {
    this.#streams = isStream(payload)
  }

  /**
   * Cleans up before the reply leaves; undefined when nothing has to be waited for. A second call is for the reply to
   * an error.
   */
  cleanUp (): Promise<void> | undefined {
    const resolution = this.#resolution
    if (resolution === undefined || resolution.closed || this.#streams || this.#late) return undefined
    return resolution.close(this.#failure)
  }

  /**
   * Cleans up what `cleanUp` did not, or did not wait for: when the last byte is out or the client is gone, and the
   * handler has ended.
   */
  async #end (resolution: Resolution): Promise<void> {
    const returned = this.#returned === this.#reply ? undefined : this.#returned
    const [handled] = await Promise.allSettled([returned])
    const rejected = handled.status === 'rejected' ? { error: handled.reason } : undefined
    const left = this.#reply.sent || this.#streams || this.#late
    // The client left early, and there will still be a reply, before which `cleanUp` is called. Only a promise of
    // undefined makes no reply.
    if (!left && (!isPromise(returned) || handled.status === 'rejected' || handled.value !== undefined)) return
    const gone = left && this.#gone != null ? { error: this.#gone } : undefined
    // It was logged, and the client has its reply or is gone.
    await resolution.close(this.#failure ?? rejected ?? gone)?.catch(() => {})
  }
}

function isStream (payload: unknown): boolean {
  if (typeof payload !== 'object' || payload === null) return false
  return 'pipe' in payload || 'getReader' in payload || (payload instanceof Response && payload.body !== null)
}
