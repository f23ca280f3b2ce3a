import type { Attributes } from '@opentelemetry/api'
import type { MessageProcessContext, MessagePublishContext } from '../../../types/index.js'
import { commonAttributes, partitionAttributes, topicAttributes, type BrokerFacts } from './attributes.js'

/** Topics whose attributes are kept: an app may publish to, or match by a pattern, any number of them. */
const LIMIT = 1000

/** Attributes that spans of one broker are started with, made once for all messages of a partition or topic. */
export class SharedAttributes {
  readonly #facts: BrokerFacts
  readonly #ofTopics = new Map<string, Attributes>()
  /** By group and topic, and then by partition. */
  readonly #ofPartitions = new Map<string | null, Map<string, Attributes[]>>()
  #common: Attributes | undefined
  /** Id of the cluster in the common attributes. */
  #clusterId: string | undefined

  /** `facts`: read when messages come, because the app may choose a cluster before. */
  constructor (facts: BrokerFacts) {
    this.#facts = facts
  }

  ofSend ({ topic }: Pick<MessagePublishContext, 'topic'>): Attributes {
    const common = this.#commonNow()
    let attributes = this.#ofTopics.get(topic)
    if (attributes === undefined) {
      if (this.#ofTopics.size === LIMIT) this.#ofTopics.clear()
      this.#ofTopics.set(topic, attributes = Object.assign(topicAttributes(topic), common))
    }
    return attributes
  }

  ofProcess (place: Pick<MessageProcessContext, 'topic' | 'partition' | 'groupId'>): Attributes {
    const common = this.#commonNow()
    const { topic, partition, groupId } = place
    let ofTopics = this.#ofPartitions.get(groupId)
    if (ofTopics === undefined) this.#ofPartitions.set(groupId, ofTopics = new Map())
    let ofTopic = ofTopics.get(topic)
    if (ofTopic === undefined) {
      if (ofTopics.size === LIMIT) ofTopics.clear()
      ofTopics.set(topic, ofTopic = [])
    }
    return (ofTopic[partition] ??= Object.assign(partitionAttributes(place), common))
  }

  /** Forgets all when the id of the cluster becomes known. */
  #commonNow (): Attributes {
    const { clusterId } = this.#facts
    if (this.#common === undefined || this.#clusterId !== clusterId) {
      this.#common = commonAttributes(this.#facts)
      this.#clusterId = clusterId
      this.#ofTopics.clear()
      this.#ofPartitions.clear()
    }
    return this.#common
  }
}
