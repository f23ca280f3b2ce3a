import { FASTSTREAM_ERR_ROUTER_HANDLE } from '../errors.js'
import { wayTo, type Position } from './layers.js'

/** A declaration and the broker on which it is made. */
export interface Place<D extends Position, S> {
  readonly declaration: D
  readonly source: S
}

/**
 * The places of one subscriber or publisher: one if it is declared in a scope, one for each inclusion of its router
 * otherwise.
 */
export class Places<D extends Position, S extends object> {
  /** The topics as they were written, for errors. */
  readonly #topic: string
  readonly #places: Array<Place<D, S>>

  constructor (topic: string, ...places: ReadonlyArray<Place<D, S>>) {
    this.#topic = topic
    this.#places = [...places]
  }

  /** Returns what takes the place away again. */
  add (place: Place<D, S>): () => void {
    this.#places.push(place)
    return () => { this.#places.splice(this.#places.indexOf(place), 1) }
  }

  /** @throws FASTSTREAM_ERR_ROUTER_HANDLE when there is none */
  get all (): readonly [Place<D, S>, ...ReadonlyArray<Place<D, S>>] {
    const [first, ...others] = this.#places
    if (first === undefined) throw this.#notIncluded()
    return [first, ...others]
  }

  /** The one place; undefined where there are none or several. */
  get single (): Place<D, S> | undefined {
    return this.#places.length === 1 ? this.#places[0] : undefined
  }

  /** @throws FASTSTREAM_ERR_ROUTER_HANDLE when there is not exactly one place */
  only (cure: string): Place<D, S> {
    if (this.single !== undefined) return this.single
    throw this.#places.length === 0 ? this.#notIncluded() : this.#ambiguous(cure)
  }

  /**
   * The place that is nearest to a position: in the same inclusion of a router before the same scope, before the scopes
   * around it; of the broker `source` if one is.
   *
   * @throws FASTSTREAM_ERR_ROUTER_HANDLE when there is none, or several are equally near
   */
  nearest (position: Position, source: S): Place<D, S> {
    const { single } = this
    if (single !== undefined) return single
    const here = this.#places.filter((place) => place.source === source)
    const candidates = here.length > 0 ? here : this.#places
    if (candidates.length === 0) throw this.#notIncluded()
    const way = wayTo(position)
    const shared = candidates.map(({ declaration }) => sharedLength(way, wayTo(declaration)))
    const most = Math.max(...shared)
    const [nearest, ...others] = candidates.filter((_, index) => shared[index] === most)
    if (nearest === undefined || others.length > 0) throw this.#ambiguous('use it in the scope of one of them')
    return nearest
  }

  #notIncluded (): Error {
    const reason = 'its router is not included in an app that is open: call app.broker.includeRouter(router)'
    return new FASTSTREAM_ERR_ROUTER_HANDLE(this.#topic, reason)
  }

  #ambiguous (cure: string): Error {
    return new FASTSTREAM_ERR_ROUTER_HANDLE(this.#topic, `its router is included ${this.#places.length} times: ${cure}`)
  }
}

/** How many members two ways have in common, from their beginnings on. */
function sharedLength (one: readonly object[], other: readonly object[]): number {
  const fork = one.findIndex((step, index) => other[index] !== step)
  return fork === -1 ? one.length : fork
}
