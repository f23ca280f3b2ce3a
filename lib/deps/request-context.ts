import { finished } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { BoundBroker, DependencyContext } from '../../types/index.js'
import type { ResolutionSettings } from './resolution.js'

/** Bindings of a request to brokers. */
export interface RequestSurroundings {
  settings (request: FastifyRequest): ResolutionSettings
  broker (request: FastifyRequest): BoundBroker & { readonly correlationId: string }
  /** Aborts when the app closes and does not wait any longer. */
  readonly overdue: AbortSignal
}

/** Context of a factory that is called for a request. */
export class RequestContext implements DependencyContext {
  readonly source: DependencyContext['source']
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #surroundings: RequestSurroundings
  readonly #unwanted = new AbortController()
  #signal: AbortSignal | undefined

  constructor (request: FastifyRequest, reply: FastifyReply, surroundings: RequestSurroundings) {
    this.source = { kind: 'http', request }
    this.#request = request
    this.#reply = reply
    this.#surroundings = surroundings
  }

  get log (): DependencyContext['log'] {
    return this.#request.log
  }

  get app (): FastifyInstance {
    return this.#request.server
  }

  get broker (): BoundBroker {
    return this.#surroundings.broker(this.#request)
  }

  get correlationId (): string {
    return this.#surroundings.broker(this.#request).correlationId
  }

  get signal (): AbortSignal {
    if (this.#signal === undefined) {
      // Not the request's own 'close', which comes when its body has been read.
      finished(this.#reply.raw, (gone) => { if (gone != null) this.abort(gone) })
      this.#signal = AbortSignal.any([this.#unwanted.signal, this.#surroundings.overdue])
    }
    return this.#signal
  }

  /** Tells the factories that the handler's result is no longer wanted. */
  abort (reason: unknown): void {
    this.#unwanted.abort(reason)
  }

  header = (name: string): string | undefined => {
    const value = this.#request.headers[name.toLowerCase()]
    return Array.isArray(value) ? value.join(', ') : value
  }
}
