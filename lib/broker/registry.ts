import type { FastifyInstance } from 'fastify'
import type { Codec, InheritedOptions, Middleware } from '../../types/index.js'
import { codecOf } from '../codec/named.js'
import { noteDeclaration, noteUse } from '../deps/scopes.js'
import { FASTSTREAM_ERR_ALREADY_STARTED } from '../errors.js'
import { resolveInherited } from '../options/inherited.js'
import type { Settings } from '../options/plugin-options.js'
import { hasCompilers, requestCompilers } from '../schema/scope-compilers.js'
import { checkAlone, checkTogether } from './check-together.js'
import type { Declaration, PublisherDeclaration, SubscriberDeclaration } from './declaration.js'
import { nameOf, NO_LAYERS, ScopeLayers, type Layer } from './layers.js'
import {
  namesOf, previewSubscriber, resolvePublisher, resolveSubscriber, type PublisherSettings,
  type SubscriberPreview, type SubscriberSettings
} from './plan.js'

/** Declarations with what they inherit. */
interface Complete {
  readonly subscribers: ReadonlyMap<SubscriberDeclaration, SubscriberSettings>
  readonly publishers: Map<PublisherDeclaration, PublisherSettings>
}

/**
 * Declarations for one cluster, made while plugins load. What they inherit is known when all plugins are loaded: an
 * option may be written after the declaration that inherits it.
 */
export class Registry {
  #settings: Settings
  readonly #layers = new ScopeLayers()
  readonly #subscribers: SubscriberDeclaration[] = []
  readonly #publishers: PublisherDeclaration[] = []
  readonly #codecs = new WeakMap<FastifyInstance, Codec | undefined>()
  #complete: Complete | undefined
  #overrides: readonly InheritedOptions[] = []
  /** Subscribers that were declared after the start, and run now. */
  readonly #dynamic = new Set<SubscriberSettings>()

  /** `scope`: of the plugin. Its middlewares stand between those that are inserted there and those that are added. */
  constructor (settings: Settings, scope: FastifyInstance) {
    this.#settings = { ...settings, middlewares: [] }
    this.#layers.add(scope, { middlewares: settings.middlewares })
  }

  /** Another cluster was chosen. */
  use (settings: Settings): void {
    this.#settings = settings
    this.#complete = undefined
  }

  /** Gives a scope one more layer of options. */
  addLayer (scope: FastifyInstance, layer: Layer): void {
    onlyAtBoot(scope, 'options', nameOf(scope))
    this.#layers.add(scope, layer)
    this.#complete = undefined
  }

  /** Gives a scope one more layer of options, around those that it has. */
  insertLayer (scope: FastifyInstance, layer: Layer): void {
    onlyAtBoot(scope, 'options', nameOf(scope))
    this.#layers.insert(scope, layer)
    this.#complete = undefined
  }

  /** The middlewares of what a scope publishes, the outermost first. */
  middlewaresOf (scope: FastifyInstance): readonly Middleware[] {
    return resolveInherited(this.#layers.around({ scope, layers: NO_LAYERS }), this.#settings).middlewares
  }

  /** The codec of what a scope publishes to a topic without a publisher. Called when everything is declared. */
  codecIn (scope: FastifyInstance): Codec | undefined {
    if (!this.#codecs.has(scope)) {
      const layers = this.#layers.around({ scope, layers: NO_LAYERS })
      this.#codecs.set(scope, codecOf(resolveInherited(layers, this.#settings).codec.value))
    }
    return this.#codecs.get(scope)
  }

  addSubscriber (declaration: SubscriberDeclaration): void {
    requestCompilersOf(declaration, 'a subscriber', declaration.topics.join(', '))
    noteDeclaration(declaration.scope)
    this.#subscribers.push(declaration)
    this.#complete = undefined
  }

  addPublisher (declaration: PublisherDeclaration): void {
    requestCompilersOf(declaration, 'a publisher with a schema', declaration.topic)
    this.#publishers.push(declaration)
    this.#complete = undefined
  }

  /** Adds a publisher after the start, when `compile` has compiled it. */
  addLatePublisher (declaration: PublisherDeclaration, compile: (settings: PublisherSettings) => void): void {
    requestCompilersOf(declaration, 'a publisher with a schema', declaration.topic)
    const { publishers } = this.#completed
    const settings = this.publisher(declaration)
    compile(settings)
    this.#publishers.push(declaration)
    publishers.set(declaration, settings)
  }

  /** Resolves a subscriber that is declared after the start. @throws the errors of {@link resolveSubscriber} */
  resolveDynamic (declaration: SubscriberDeclaration): SubscriberSettings {
    requestCompilersOf(declaration, 'a subscriber with a schema', declaration.topics.join(', '))
    const around = { layers: this.#layers.around(declaration), overrides: this.#overrides }
    const settings = resolveSubscriber(declaration, this.#settings, around)
    noteUse(declaration.scope, settings.deps)
    return settings
  }

  /** Adds a subscriber that was declared after the start, until {@link deleteDynamic}. */
  addDynamic (settings: SubscriberSettings): void {
    const others = [...this.subscribers, ...this.#dynamic]
    checkTogether(others, settings)
    const { cases } = settings.declaration
    checkAlone(others.filter(({ declaration }) => cases === undefined || declaration.cases?.of !== cases.of), settings)
    this.#dynamic.add(settings)
  }

  deleteDynamic (settings: SubscriberSettings): void {
    this.#dynamic.delete(settings)
  }

  /** A publisher, as far as its layers are known. */
  publisher (declaration: PublisherDeclaration): PublisherSettings {
    const known = this.#complete?.publishers.get(declaration)
    return known ?? resolvePublisher(declaration, this.#settings, this.#layers.around(declaration))
  }

  /** A subscriber, as far as its layers are known. */
  preview (declaration: SubscriberDeclaration): SubscriberPreview {
    const known = this.#complete?.subscribers.get(declaration)
    return known ?? previewSubscriber(declaration, this.#settings, { layers: this.#layers.around(declaration) })
  }

  /** All subscribers, as far as their layers are known. */
  get previews (): readonly SubscriberPreview[] {
    return [...this.#subscribers.map((declaration) => this.preview(declaration)), ...this.#dynamic]
  }

  get publishers (): readonly PublisherSettings[] {
    return [...this.#completed.publishers.values()]
  }

  get subscribers (): readonly SubscriberSettings[] {
    return [...this.#completed.subscribers.values()]
  }

  /** All topics, as far as their layers are known, dead-letter topics included. */
  get previewedTopics (): readonly string[] {
    if (this.#complete !== undefined) return this.topics
    const read = this.previews.flatMap((preview) => namesOf(preview).flatMap((topic) => {
      return [topic, preview.deadLetter(topic) ?? []].flat()
    }))
    return [...new Set([...this.#publishers.map((declaration) => this.publisher(declaration).topic), ...read])]
  }

  /** All declared topics, dead-letter topics included, and no patterns. */
  get topics (): readonly string[] {
    const read = this.subscribers.flatMap((each) => [...namesOf(each), ...each.deadLetterTopics.values()])
    return [...new Set([...this.publishers.map(({ topic }) => topic), ...read])]
  }

  /** Topics of publishers, and dead-letter topics. */
  get writtenTopics (): readonly string[] {
    const subscribers = [...this.subscribers, ...this.#dynamic]
    const deadLetters = subscribers.flatMap(({ deadLetterTopics }) => [...deadLetterTopics.values()])
    return [...new Set([...this.publishers.map(({ topic }) => topic), ...deadLetters])]
  }

  /** Complete when first needed, which is when everything is declared. */
  get #completed (): Complete {
    return this.#complete ?? this.complete([])
  }

  /**
   * Resolves everything, since all is declared now; `overrides` win over what is written.
   *
   * @throws the errors of {@link resolveSubscriber}, {@link resolvePublisher} and {@link checkTogether}
   */
  complete (overrides: readonly InheritedOptions[]): Complete {
    this.#overrides = overrides
    const subscribers = new Map<SubscriberDeclaration, SubscriberSettings>()
    for (const declaration of this.#subscribers) {
      const layers = this.#layers.around(declaration)
      const deadLetterTopics = this.#complete?.subscribers.get(declaration)?.deadLetterTopics
      const settings = resolveSubscriber(declaration, this.#settings, {
        layers, overrides, ...deadLetterTopics && { deadLetterTopics }
      })
      checkTogether([...subscribers.values()], settings)
      noteUse(declaration.scope, settings.deps)
      subscribers.set(declaration, settings)
    }
    const publishers = this.#publishers.map((declaration) => [declaration, this.publisher(declaration)] as const)
    this.#complete = { subscribers, publishers: new Map(publishers) }
    return this.#complete
  }
}

/** @throws FASTSTREAM_ERR_ALREADY_STARTED in an onReady hook of another plugin, which may run before ours */
function onlyAtBoot (scope: FastifyInstance, what: string, name: string): void {
  try {
    // Throws once the app is booted.
    scope.after(() => {})
  } catch (cause) {
    throw new FASTSTREAM_ERR_ALREADY_STARTED(what, name, 'ready()', { cause })
  }
}

/**
 * Has the scope's compilers made at boot, also by what the scope sets later. After the boot, a publisher or subscriber
 * takes the compilers that there are.
 */
function requestCompilersOf (declaration: Declaration, what: string, topic: string): void {
  const { scope, schema } = declaration
  const mayBeLate = declaration.kind === 'publisher' || declaration.dynamic
  try {
    onlyAtBoot(scope, what, topic)
  } catch (error) {
    if (mayBeLate && (schema === undefined || hasCompilers(scope))) return
    throw error
  }
  if (schema !== undefined) requestCompilers(scope)
}
