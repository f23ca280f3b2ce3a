import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_DUPLICATE_PUBLISHER } from '../errors.js'
import { ancestors } from '../scope.js'
import type { PublisherDeclaration } from './declaration.js'
import type { PublisherPlan } from './publisher.js'

/** Stands for the publishers of a topic that has several in one scope. */
const SEVERAL = Symbol('several')

type ByTopic = Map<string, PublisherPlan | typeof SEVERAL>

/** The compiled publishers of one cluster, found by declaration, or by scope and topic. */
export class Publishers {
  readonly #byDeclaration = new Map<PublisherDeclaration, PublisherPlan>()
  readonly #declared = new Map<FastifyInstance, ByTopic>()
  /** Publishers of a scope and of the scopes around it. Filled by the first publish of a scope. */
  readonly #known = new Map<FastifyInstance, ByTopic>()

  constructor (plans: ReadonlyMap<PublisherDeclaration, PublisherPlan>) {
    for (const [declaration, plan] of plans) this.add(declaration, plan)
  }

  add (declaration: PublisherDeclaration, plan: PublisherPlan): void {
    const { scope, topic } = declaration
    const declared: ByTopic = this.#declared.get(scope) ?? new Map()
    this.#byDeclaration.set(declaration, plan)
    this.#declared.set(scope, declared.set(topic, declared.has(topic) ? SEVERAL : plan))
    this.#known.clear()
  }

  of (declaration: PublisherDeclaration): PublisherPlan | undefined {
    return this.#byDeclaration.get(declaration)
  }

  /**
   * The publisher of a topic that a scope knows: its own before those of the scopes around it.
   *
   * @throws FASTSTREAM_ERR_DUPLICATE_PUBLISHER
   */
  find (scope: FastifyInstance, topic: string): PublisherPlan | undefined {
    const found = this.#knownTo(scope).get(topic)
    if (found === SEVERAL) throw new FASTSTREAM_ERR_DUPLICATE_PUBLISHER(topic)
    return found
  }

  #knownTo (scope: FastifyInstance): ByTopic {
    const known = this.#known.get(scope)
    if (known !== undefined) return known
    const outermostFirst = [...ancestors(scope)].reverse()
    const collected: ByTopic = new Map(outermostFirst.flatMap((at) => [...this.#declared.get(at) ?? []]))
    this.#known.set(scope, collected)
    return collected
  }
}
