import type { TransportLog } from '../../transport.js'
import { PROPAGATION } from '../cluster/topic-metadata.js'
import type { Environment } from '../environment.js'

interface Absence {
  /** ms by the clock's `elapsed`. */
  readonly since: number
  warned: boolean
}

/** Topics of a consumer that the cluster does not have, by its last answers. */
export class MissingTopics {
  readonly #groupId: string | null
  readonly #log: TransportLog
  readonly #clock: Environment['clock']
  readonly #absences = new Map<string, Absence>()
  readonly #known = new Set<string>()

  constructor (groupId: string | null, log: TransportLog, { clock }: Environment) {
    this.#groupId = groupId
    this.#log = log
    this.#clock = clock
  }

  get names (): readonly string[] {
    return [...this.#absences.keys()]
  }

  /** True when the consumer has waited for the topic: nothing of it was left out. */
  wasMissing (topic: string): boolean {
    return this.#known.has(topic)
  }

  /** Forgets the topics that the consumer does not ask for any more. */
  keep (isAskedFor: (topic: string) => boolean): void {
    for (const topic of this.#absences.keys()) if (!isAskedFor(topic)) this.#absences.delete(topic)
    for (const topic of this.#known) if (!isAskedFor(topic)) this.#known.delete(topic)
  }

  exists (topic: string): void {
    this.#absences.delete(topic)
  }

  /** One line for each absence, and none for a new topic of which the node that answered has not heard yet. */
  isMissing (topic: string): void {
    const absence = this.#absences.get(topic) ?? { since: this.#clock.elapsed(), warned: false }
    this.#absences.set(topic, absence)
    this.#known.add(topic)
    if (absence.warned || this.#clock.elapsed() - absence.since < PROPAGATION) return
    absence.warned = true
    const details = { topic, groupId: this.#groupId }
    this.#log.warn(details, 'a subscribed topic does not exist: it is read when it is created')
  }
}
