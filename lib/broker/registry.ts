import type { InheritedOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_ALREADY_STARTED } from '../errors.js'
import type { Settings } from '../options/plugin-options.js'
import type { Compiler } from '../schema/ajv.js'
import type { Declaration, PublisherDeclaration, SubscriberDeclaration } from './declaration.js'
import {
  checkTogether, resolvePublisher, resolveSubscriber, type PublisherSettings, type SubscriberSettings
} from './plan.js'

/** Declarations for one cluster, made while plugins load. */
export class Registry {
  readonly #settings: Settings
  readonly #subscribers = new Map<SubscriberDeclaration, SubscriberSettings>()
  readonly #publishers: PublisherSettings[] = []
  readonly #compilers = new Map<Declaration, Compiler>()

  constructor (settings: Settings) {
    this.#settings = settings
  }

  /** Refuses a subscriber that cannot go together with those before it. */
  addSubscriber (declaration: SubscriberDeclaration): void {
    const settings = resolveSubscriber(declaration, this.#settings)
    checkTogether([...this.#subscribers.values()], settings)
    this.#captureCompiler(declaration, 'a subscriber', declaration.topics.join(', '))
    this.#subscribers.set(declaration, settings)
  }

  addPublisher (declaration: PublisherDeclaration): void {
    const settings = resolvePublisher(declaration, this.#settings)
    this.#captureCompiler(declaration, 'a publisher', declaration.topic)
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
    return [...new Set([...this.writtenTopics, ...this.subscribers.flatMap(({ topics }) => topics)])]
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

  /** The compiler that the scope of a declaration has set by hand. */
  compilerOf (declaration: Declaration): Compiler | undefined {
    return this.#compilers.get(declaration)
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

  /**
   * Stores the validator compiler that the scope has set itself: until the app is booted, the getter returns no other.
   * `after` waits for a compiler that the scope sets later.
   */
  #captureCompiler (declaration: Declaration, what: string, topic: string): void {
    const { scope } = declaration
    try {
      scope.after(() => {
        const { validatorCompiler } = scope
        if (validatorCompiler !== undefined) this.#compilers.set(declaration, validatorCompiler)
      })
    } catch (cause) {
      // Another plugin's onReady hook, which ran before ours.
      throw new FASTSTREAM_ERR_ALREADY_STARTED(what, topic, 'ready()', { cause })
    }
  }
}
