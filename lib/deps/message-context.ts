import type { FastifyInstance } from 'fastify'
import type { BoundBroker, DependencyContext, Message } from '../../types/index.js'

/** Context of a factory that is called for a message. */
export class MessageContext implements DependencyContext {
  readonly app: FastifyInstance
  readonly source: DependencyContext['source']
  readonly #message: Message

  constructor (app: FastifyInstance, message: Message<unknown, unknown, unknown>) {
    this.app = app
    // What its schemas made of it only the handler knows.
    this.#message = message as Message
    this.source = { kind: 'message', message: this.#message }
  }

  get log (): DependencyContext['log'] {
    return this.#message.log
  }

  get broker (): BoundBroker {
    return this.#message.broker
  }

  get correlationId (): string {
    return this.#message.correlationId
  }

  get signal (): AbortSignal {
    return this.#message.signal
  }

  /** A function that needs no `this`, made when a factory asks for it. */
  get header (): DependencyContext['header'] {
    return (name) => {
      const wanted = name.toLowerCase()
      return this.#message.rawHeaders.findLast(([name]) => name.toLowerCase() === wanted)?.[1]?.toString()
    }
  }
}
