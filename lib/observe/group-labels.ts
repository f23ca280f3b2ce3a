import { OTHER } from './topic-labels.js'

/** Subscribers that an app has declared before it was ready. */
export interface DeclaredGroups {
  readonly registry: { readonly subscribers: ReadonlyArray<{ readonly groupId: string | null }> }
}

/**
 * Names of groups as labels: a subscriber that starts and stops by itself may have a group of its own each time, and
 * the number of labels must be bounded.
 */
export class GroupLabels {
  readonly #declared: DeclaredGroups
  #known: ReadonlySet<string | null> | undefined

  constructor (declared: DeclaredGroups) {
    this.#declared = declared
  }

  /** Called once everything is declared. */
  of (groupId: string): string {
    this.#known ??= new Set(this.#declared.registry.subscribers.map(({ groupId }) => groupId))
    return this.#known.has(groupId) ? groupId : OTHER
  }
}
