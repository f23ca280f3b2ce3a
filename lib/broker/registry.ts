import type { InheritedOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_ALREADY_STARTED } from '../errors.js'
import type { Settings } from '../options/plugin-options.js'
import { hasCompilers, requestCompilers } from '../schema/scope-compilers.js'
import type { Declaration, PublisherDeclaration, SubscriberDeclaration } from './declaration.js'
import {
  checkTogether, resolvePublisher, resolveSubscriber, type PublisherSettings, type SubscriberSettings
} from './plan.js'

/** Declarations for one cluster, made while plugins load. */
export class Registry {
  readonly #settings: Settings
  readonly #subscribers = new Map<SubscriberDeclaration, SubscriberSettings>()
  readonly #publishers: PublisherSettings[] = []

  constructor (settings: Settings) {
    this.#settings = settings
  }

  /** Refuses a subscriber that cannot go together with those before it. */
  addSubscriber (declaration: SubscriberDeclaration): void {
    const settings = resolveSubscriber(declaration, this.#settings)
    checkTogether([...this.#subscribers.values()], settings)
    requestCompilersOf(declaration, 'a subscriber', declaration.topics.join(', '))
    this.#subscribers.set(declaration, settings)
  }

  /** `compile`: called for a late one, before it is added. */
  addPublisher (declaration: PublisherDeclaration, compile?: () => void): void {
    const settings = resolvePublisher(declaration, this.#settings)
    requestCompilersOf(declaration, 'a publisher with a schema', declaration.topic)
    compile?.()
    this.#publishers.push(settings)
  }

  isInSchema (declaration: PublisherDeclaration): boolean {
    return this.#publishers.some((publisher) => publisher.declaration === declaration && publisher.includeInSchema)
  }

  get publishers (): readonly PublisherSettings[] {
    return this.#publishers
  }

  /** The subscribers with what they inherit, as far as it is declared. */
  get subscribers (): readonly SubscriberSettings[] {
    return [...this.#subscribers.values()]
  }

  /** All declared topics, dead-letter topics included. */
  get topics (): readonly string[] {
    const read = this.subscribers.flatMap(({ topics, deadLetterTopics }) => [...topics, ...deadLetterTopics.values()])
    return [...new Set([...this.#publishers.map(({ topic }) => topic), ...read])]
  }

  /** Topics of publishers, and dead-letter topics. */
  get writtenTopics (): readonly string[] {
    const deadLetters = this.subscribers.flatMap(({ deadLetterTopics }) => [...deadLetterTopics.values()])
    return [...new Set([...this.#publishers.map(({ topic }) => topic), ...deadLetters])]
  }

  groupIdOf (declaration: SubscriberDeclaration): string | null {
    const { groupId } = this.#subscribers.get(declaration) as SubscriberSettings
    return groupId
  }

  /** Resolves all subscribers again: everything is declared now, and `overrides` win over what is written. */
  complete (overrides: readonly InheritedOptions[]): void {
    const complete: SubscriberSettings[] = []
    for (const [declaration, { deadLetterTopics }] of this.#subscribers) {
      const settings = resolveSubscriber(declaration, this.#settings, { overrides, deadLetterTopics })
      checkTogether(complete, settings)
      complete.push(settings)
      this.#subscribers.set(declaration, settings)
    }
  }
}

/**
 * Has the scope's compilers made at boot, also by what the scope sets later. After the boot, a publisher takes the
 * compilers that there are.
 */
function requestCompilersOf ({ kind, scope, schema }: Declaration, what: string, topic: string): void {
  try {
    // Throws once the app is booted.
    scope.after(() => {})
  } catch (cause) {
    if (kind === 'publisher' && (schema === undefined || hasCompilers(scope))) return
    // Also in another plugin's onReady hook, which ran before ours.
    throw new FASTSTREAM_ERR_ALREADY_STARTED(what, topic, 'ready()', { cause })
  }
  if (schema !== undefined) requestCompilers(scope)
}
