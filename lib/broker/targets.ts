import type { Publisher } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { Call } from '../request/requests.js'
import type { BoundPlace } from './bound-view.js'
import { PublisherHandle } from './handles.js'
import type { Position } from './layers.js'
import type { PublisherPlan } from './publisher.js'
import type { ViewedBroker } from './views.js'

/** Calls, as errors name them. */
export const PUBLISH = 'publish(publisher, value, options)'
export const PUBLISH_BATCH = 'publishBatch(publisher, messages)'
export const REQUEST = 'request(publisher, value, options)'

/** The publisher of what is published from a position, by itself or by its topic. */
export function publisherOf (broker: ViewedBroker, position: Position, target: unknown): PublisherPlan {
  if (typeof target === 'string') return broker.publisherFor(position.scope, target)
  const { source, declaration } = PublisherHandle.placeOf(PublisherHandle.of(target), position, broker)
  if (source === broker) return broker.publisherOf(declaration)
  const cure = `belongs to broker '${source.name}': publish it through that one`
  throw new FASTSTREAM_ERR_INVALID_OPTION('publisher', cure)
}

/** One call of request(). Its publisher is looked up later: the broker may not be ready yet. */
export function callOf (
  broker: ViewedBroker, position: Position & Partial<BoundPlace>, target: string | Publisher, value: unknown
): Call {
  const { scope } = position
  return {
    topic: typeof target === 'string' ? target : PublisherHandle.of(target).topic,
    scope,
    target: () => publisherOf(broker, position, target).target(value, position.scopes ?? broker.publishScopes(scope))
  }
}
