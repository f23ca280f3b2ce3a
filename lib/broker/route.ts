import { inspect } from 'node:util'
import type { KafkaRoute, RouteFunction, TopicNames } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { noSurplus } from '../options/assert.js'
import { inspected, type InspectStyle } from '../shown.js'
import { writeSubscriber, type GivenSubscriber, type Handler, type WrittenSubscriber } from './declaration.js'

/** A subscriber for the `handlers` of a router. */
class Route implements KafkaRoute {
  readonly topics: readonly string[]
  readonly #written: WrittenSubscriber

  constructor (written: WrittenSubscriber) {
    this.topics = written.topics
    this.#written = written
  }

  static writtenIn (value: unknown): WrittenSubscriber {
    if (typeof value === 'object' && value !== null && #written in value) return value.#written
    throw new FASTSTREAM_ERR_INVALID_OPTION('handlers', 'must be a list of what route() returned')
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('KafkaRoute', { topics: this.topics }, depth, options, inspectWith)
  }
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION for what route() has not made */
export const { writtenIn } = Route

function defer (
  topics: TopicNames, handler: Handler, options: GivenSubscriber = {}, ...surplus: unknown[]
): KafkaRoute {
  noSurplus('route(topics, handler, options)', surplus)
  return new Route(writeSubscriber(topics, options, handler))
}

/**
 * Makes a subscriber for the `handlers` of a router, of a function that is written elsewhere. `withTypeProvider()`
 * gives the types of schemas. FastStream: `KafkaRoute`.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC, FASTSTREAM_ERR_INVALID_ARGUMENTS
 * @example
 * const typed = route.withTypeProvider<TypeBoxTypeProvider>()
 * const router = new KafkaRouter({ handlers: [typed('orders', takeOrder, { schema: { value: OrderSchema } })] })
 */
export const route = Object.assign(defer, { withTypeProvider: () => route }) as RouteFunction
