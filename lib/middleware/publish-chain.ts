import type { Middleware, PublishCommand, RecordMetadata } from '../../types/index.js'
import type { Clock } from '../clock.js'
import { FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_NEXT } from '../errors.js'
import type { Log } from '../log.js'
import { isObject } from '../options/assert.js'
import { PublishBound } from './publish-bound.js'
import type { PublishOrder } from './publish-order.js'
import { runMiddleware } from './run-middleware.js'

type PublishMiddleware = Middleware & Required<Pick<Middleware, 'publishScope'>>

/** The middlewares of what is published from one place of one broker, the first one outermost. */
export interface PublishScopes {
  readonly order: PublishOrder | undefined
  readonly list: readonly PublishMiddleware[]
}

export const NO_SCOPES: PublishScopes = Object.freeze({ order: undefined, list: [] })

/** Checks, encodes and sends what the innermost middleware passes on. */
export type SendCommand = (command: PublishCommand) => Promise<RecordMetadata>

/** Parts of a broker that chains need. */
export interface ChainMeans {
  readonly order: PublishOrder
  readonly clock: Clock
  /** Time of the middlewares for one publish, ms. */
  readonly deadline: number
  readonly log: Log
}

const NOT_CALLED = 'ended without it: the message was not sent; throw an error to refuse a message'

/** The `publishScope` of all middlewares that one publish passes. */
export class PublishChain {
  readonly #middlewares: readonly PublishMiddleware[]
  readonly #means: ChainMeans

  constructor (middlewares: readonly PublishMiddleware[], means: ChainMeans) {
    this.#middlewares = middlewares
    this.#means = means
  }

  /**
   * Resolves to what `send` resolved to, and rejects with what a middleware or `send` threw. The first middleware is
   * called at once.
   *
   * @throws FASTSTREAM_ERR_NEXT, FASTSTREAM_ERR_PUBLISH_TIMEOUT when the middlewares do not end
   */
  run (command: PublishCommand, send: SendCommand): Promise<RecordMetadata> {
    const bound = new PublishBound(command.topic, this.#means)
    return bound.wait(this.#through(0, command, (last) => bound.send(() => send(last))))
  }

  async #through (at: number, command: PublishCommand, send: SendCommand): Promise<RecordMetadata> {
    const middleware = this.#middlewares[at]
    if (middleware === undefined) return await send(command)
    const { begun } = await runMiddleware(
      'publishScope',
      (next: SendCommand) => middleware.publishScope(next, command),
      (changed: PublishCommand) => this.#through(at + 1, checked(changed, command), send)
    )
    if (begun === undefined) throw new FASTSTREAM_ERR_NEXT('publishScope', NOT_CALLED)
    return await begun
  }
}

/** The chains of one publisher: of its own scope, and of each place from which it is used. */
export class PublishChains {
  readonly #means: ChainMeans
  readonly #own: readonly PublishMiddleware[]
  readonly #from = new WeakMap<PublishScopes, PublishChain>()

  constructor (means: ChainMeans, own: readonly PublishMiddleware[] = []) {
    this.#means = means
    this.#own = own
  }

  get order (): PublishOrder {
    return this.#means.order
  }

  /** The chains of a publisher that has middlewares; these, where it has none. */
  with (middlewares: readonly Middleware[]): PublishChains {
    const own = middlewares.filter(hasPublishScope)
    return own.length === 0 ? this : new PublishChains(this.#means, own)
  }

  scopesOf (middlewares: readonly Middleware[]): PublishScopes {
    const list = middlewares.filter(hasPublishScope)
    return list.length === 0 ? NO_SCOPES : { order: this.order, list }
  }

  /**
   * The chain of what is published from a place: its middlewares outermost, then those of the publisher, each once. The
   * middlewares of another broker have no part in it. Undefined where there is none.
   */
  from (scopes: PublishScopes): PublishChain | undefined {
    const { list: outer } = scopes.order === this.order ? scopes : NO_SCOPES
    if (this.#own.length === 0 && outer.length === 0) return undefined
    let chain = this.#from.get(scopes)
    if (chain === undefined) {
      const inner = this.#own.filter((middleware) => !outer.includes(middleware))
      this.#from.set(scopes, chain = new PublishChain([...outer, ...inner], this.#means))
    }
    return chain
  }
}

function hasPublishScope (middleware: Middleware): middleware is PublishMiddleware {
  return middleware.publishScope !== undefined
}

/** The places in the queue are by topic, so a middleware cannot send a message elsewhere. */
function checked (changed: PublishCommand, { topic }: PublishCommand): PublishCommand {
  if (!isObject(changed)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('command', 'must be an object: next(command), or a copy of the command')
  }
  if (changed.topic === topic) return changed
  throw new FASTSTREAM_ERR_INVALID_OPTION('command.topic', `must stay '${topic}': publish to another topic by itself`)
}
