import { inspect, type InspectOptionsStylized } from 'node:util'
import type { Publisher, PublishOptions, RecordMetadata, Subscriber } from '../../types/index.js'
import { noSurplus } from '../options/assert.js'
import { inspected } from '../shown.js'
import type { DeclaredPublisher } from './publisher.js'
import { SKIP_TO, type DeclaredSubscriber } from './subscriber.js'

/* What users hold of a declaration. The declaration itself knows its broker, and with it what is no user's business. */

export class PublisherHandle implements Publisher {
  readonly topic: string
  readonly #declared: DeclaredPublisher

  constructor (declared: DeclaredPublisher) {
    this.topic = declared.topic
    this.#declared = declared
  }

  /** What it is the handle of; undefined for what is no handle. */
  static declaredBy (handle: unknown): DeclaredPublisher | undefined {
    return typeof handle === 'object' && handle !== null && #declared in handle ? handle.#declared : undefined
  }

  publish = async (value: unknown, options?: PublishOptions, ...surplus: unknown[]): Promise<RecordMetadata> => {
    noSurplus('publish(value, options)', surplus)
    return await this.#declared.prepare(value, options).send()
  }

  toJSON (): object {
    return { topic: this.topic }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('Publisher', this.toJSON(), depth, options, inspectWith)
  }
}

export class SubscriberHandle implements Subscriber {
  readonly topics: readonly string[]
  readonly groupId: string | null
  readonly #declared: DeclaredSubscriber

  constructor (declared: DeclaredSubscriber) {
    this.topics = declared.topics
    this.groupId = declared.groupId
    this.#declared = declared
  }

  skipTo = (to: RecordMetadata, ...surplus: unknown[]): void => {
    noSurplus(SKIP_TO, surplus)
    this.#declared.skipTo(to)
  }

  toJSON (): object {
    return { topics: this.topics, groupId: this.groupId }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('Subscriber', this.toJSON(), depth, options, inspectWith)
  }
}
