import type { FastifyInstance } from 'fastify'
import type { InheritedOptions, Middleware } from '../../types/index.js'
import { FASTSTREAM_ERR_ALREADY_STARTED } from '../errors.js'
import { resolveInherited } from '../options/inherited.js'
import type { Settings } from '../options/plugin-options.js'
import { requestCompilers } from '../schema/scope-compilers.js'
import type { Declaration, PublisherDeclaration, SubscriberDeclaration } from './declaration.js'
import {
  checkTogether, resolvePublisher, resolveSubscriber, type PublisherSettings, type SubscriberSettings
} from './plan.js'

/** Layers of options around what a scope declares, the outermost first. */
type LayersOf = (scope: FastifyInstance) => readonly InheritedOptions[]

/** Declarations for one cluster, made while plugins load. */
export class Registry {
  readonly #settings: Settings
  readonly #layersOf: LayersOf
  readonly #subscribers = new Map<SubscriberDeclaration, SubscriberSettings>()
  #publishers: PublisherSettings[] = []

  constructor (settings: Settings, layersOf: LayersOf) {
    this.#settings = settings
    this.#layersOf = layersOf
  }

  /** Refuses a subscriber that cannot go together with those before it. */
  addSubscriber (declaration: SubscriberDeclaration): void {
    const settings = resolveSubscriber(declaration, this.#settings, { layers: this.#layersOf(declaration.scope) })
    checkTogether([...this.#subscribers.values()], settings)
    requestCompilersOf(declaration, 'a subscriber', declaration.topics.join(', '))
    this.#subscribers.set(declaration, settings)
  }

  addPublisher (declaration: PublisherDeclaration): void {
    const settings = this.#resolvePublisher(declaration)
    requestCompilersOf(declaration, 'a publisher', declaration.topic)
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

  /** The middlewares of what a scope publishes, the outermost first. */
  middlewaresOf (scope: FastifyInstance): readonly Middleware[] {
    return resolveInherited(this.#layersOf(scope), this.#settings).middlewares
  }

  /** Resolves all again: everything is declared now, and `overrides` win over what is written for subscribers. */
  complete (overrides: readonly InheritedOptions[]): void {
    const complete: SubscriberSettings[] = []
    for (const [declaration, { deadLetterTopics }] of this.#subscribers) {
      const layers = this.#layersOf(declaration.scope)
      const settings = resolveSubscriber(declaration, this.#settings, { layers, overrides, deadLetterTopics })
      checkTogether(complete, settings)
      complete.push(settings)
      this.#subscribers.set(declaration, settings)
    }
    this.#publishers = this.#publishers.map(({ declaration }) => this.#resolvePublisher(declaration))
  }

  #resolvePublisher (declaration: PublisherDeclaration): PublisherSettings {
    return resolvePublisher(declaration, this.#settings, this.#layersOf(declaration.scope))
  }
}

/** Has the scope's compilers made at boot, also by what the scope sets later. */
function requestCompilersOf ({ scope, schema }: Declaration, what: string, topic: string): void {
  try {
    // Throws once the app is booted.
    scope.after(() => {})
  } catch (cause) {
    // Another plugin's onReady hook, which ran before ours.
    throw new FASTSTREAM_ERR_ALREADY_STARTED(what, topic, 'ready()', { cause })
  }
  if (schema !== undefined) requestCompilers(scope)
}
