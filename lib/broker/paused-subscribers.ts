import type { Group } from '../consume/group/group.js'
import type { SubscriberDeclaration } from './declaration.js'

/** The broker of the subscribers. */
interface PausingBroker {
  /** undefined: there is none yet. */
  groupOf (declaration: SubscriberDeclaration): Group | undefined
  topicsOf (declaration: SubscriberDeclaration): readonly string[]
}

/**
 * Subscribers that are paused, also before there is a group, and across connections: what is paused stays so until
 * {@link PausedSubscribers.resume}.
 */
export class PausedSubscribers extends Set<SubscriberDeclaration> {
  readonly #broker: PausingBroker

  constructor (broker: PausingBroker) {
    super()
    this.#broker = broker
  }

  pause (declaration: SubscriberDeclaration): void {
    this.add(declaration)
    this.#broker.groupOf(declaration)?.pauses.pause(this.#topicOf(declaration), declaration)
  }

  resume (declaration: SubscriberDeclaration): void {
    this.delete(declaration)
    this.#broker.groupOf(declaration)?.pauses.resume(this.#topicOf(declaration), declaration)
  }

  /** Any topic of a subscriber names it in its group. */
  #topicOf (declaration: SubscriberDeclaration): string {
    const [topic = ''] = this.#broker.topicsOf(declaration)
    return topic
  }
}
