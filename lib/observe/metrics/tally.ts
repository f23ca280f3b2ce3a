import type { MetricsCounter, MetricsGauge } from '../../../types/index.js'

/** Labels of a subscriber. */
export type SubscriberLabels = Readonly<Record<'cluster' | 'topic' | 'group', string>>

/** Plain numbers of one set of labels. */
export interface Sums {
  readonly labels: SubscriberLabels
  readonly outcomes: Map<string, number>
  inFlight: number
}

/**
 * Plain numbers of one broker, which the metrics client gets when metrics are collected: the client looks for a value
 * by its labels with each call, and several such calls would take longer than the rest of a message.
 */
export class Tally {
  readonly #cluster: string
  readonly #sums = new Map<string, Map<string, Sums>>()

  constructor (cluster: string) {
    this.#cluster = cluster
  }

  of (topic: string, group: string): Sums {
    let ofGroup = this.#sums.get(group)
    if (ofGroup === undefined) this.#sums.set(group, ofGroup = new Map())
    let sums = ofGroup.get(topic)
    if (sums === undefined) {
      const labels = Object.freeze({ cluster: this.#cluster, topic, group })
      ofGroup.set(topic, sums = { labels, outcomes: new Map(), inFlight: 0 })
    }
    return sums
  }

  /** Adds what came since the last time. */
  addProcessed (counter: MetricsCounter): void {
    for (const { labels, outcomes } of this.#all()) {
      for (const [outcome, count] of outcomes) counter.inc({ ...labels, outcome }, count)
      outcomes.clear()
    }
  }

  addInFlight (gauge: MetricsGauge): void {
    for (const { labels, inFlight } of this.#all()) gauge.inc(labels, inFlight)
  }

  * #all (): Generator<Sums> {
    for (const ofGroup of this.#sums.values()) yield * ofGroup.values()
  }
}
