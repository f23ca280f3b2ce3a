import type { Dependencies } from './dependency.js'
import type { InheritedOptions } from './inherited-options.js'

/**
 * Options that everything in a place inherits: in an app, in a scope or in a router.
 *
 * @example
 * const options: LayerOptions = { topicPrefix: 'eu.', tags: ['eu'], retry: { retries: 1 } }
 */
export interface LayerOptions extends InheritedOptions {
  /**
   * Beginning of the topics of all subscribers and publishers; added to the prefixes of the places around this one.
   * Dead-letter topics are made of the whole topic. `publish()` with the name of a topic, and `deadLetter.topic`, take
   * whole topics. It has nothing to do with the prefix of routes. FastStream: `prefix`.
   *
   * @default none
   */
  topicPrefix?: string | undefined
  /** Names of tags of all operations in the AsyncAPI document, beside those of the places around. @default none */
  tags?: readonly string[] | undefined
}

/**
 * Options of `app.broker.options()`.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
 * @example
 * app.broker.options({ topicPrefix: 'eu.', ackPolicy: 'NACK_ON_ERROR', deps: { tenant } })
 */
export interface ScopeOptions<D extends Dependencies = {}> extends LayerOptions {
  /**
   * Dependencies of all subscribers, found at `message.deps` beside those of the places around. FastStream:
   * `dependencies`.
   *
   * @default none
   */
  deps?: D | undefined
}
