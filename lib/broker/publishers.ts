import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_DUPLICATE_PUBLISHER, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
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
  /** Whole topics by the topics that publishers of a scope name without their prefix. */
  readonly #written = new Map<FastifyInstance, Map<string, string>>()
  /** Publishers of a scope and of the scopes around it. Filled by the first publish of a scope. */
  readonly #known = new Map<FastifyInstance, ByTopic>()

  constructor (plans: ReadonlyMap<PublisherDeclaration, PublisherPlan>) {
    for (const [declaration, plan] of plans) this.add(declaration, plan)
  }

  add (declaration: PublisherDeclaration, plan: PublisherPlan): void {
    const { scope } = declaration
    const declared: ByTopic = this.#declared.get(scope) ?? new Map()
    this.#byDeclaration.set(declaration, plan)
    this.#declared.set(scope, declared.set(plan.topic, declared.has(plan.topic) ? SEVERAL : plan))
    this.#keepWritten(declaration, plan.topic)
    this.#known.clear()
  }

  of (declaration: PublisherDeclaration): PublisherPlan | undefined {
    return this.#byDeclaration.get(declaration)
  }

  /**
   * The publisher of a topic that a scope knows: its own before those of the scopes around it.
   *
   * @throws FASTSTREAM_ERR_DUPLICATE_PUBLISHER
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a topic that is named without the prefix of its publisher in this scope
   */
  find (scope: FastifyInstance, topic: string): PublisherPlan | undefined {
    const found = this.#knownTo(scope).get(topic)
    if (found === SEVERAL) throw new FASTSTREAM_ERR_DUPLICATE_PUBLISHER(topic)
    if (found === undefined) this.#checkWhole(scope, topic)
    return found
  }

  #keepWritten ({ scope, layers, topic: written }: PublisherDeclaration, topic: string): void {
    // The code beside a router writes whole topics anyway.
    if (layers.length > 0 || topic === written) return
    const ofScope = this.#written.get(scope) ?? new Map<string, string>()
    this.#written.set(scope, ofScope.set(written, topic))
  }

  /** The message would go past its publisher, to a topic without the prefix. */
  #checkWhole (scope: FastifyInstance, topic: string): void {
    if (this.#written.size === 0) return
    for (const at of ancestors(scope)) {
      const whole = this.#written.get(at)?.get(topic)
      if (whole === undefined) continue
      const cure = `must be the whole topic '${whole}' in the scope that declares '${topic}', or its publisher`
      throw new FASTSTREAM_ERR_INVALID_OPTION('publisher', cure)
    }
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
