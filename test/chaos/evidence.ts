import type { Effect, History, Letter, LogRecord, Place, Published } from './history.js'

/** The names are Jepsen's where it has one for it. */
export type Anomaly =
  | 'lost-write' | 'inconsistent-offsets' | 'phantom' | 'duplicate' | 'log-order' | 'moved-key'
  | 'unseen' | 'wrong-outcome' | 'effect-order' | 'overlap' | 'missing-letter' | 'altered-letter'
  | 'rewind' | 'early-commit' | 'repeat' | 'many-repeats' | 'slow-recovery' | 'slow-stop' | 'no-member' | 'died'

/** A history, found by place and by id, and what is wrong with it. */
export class Evidence {
  readonly history: History
  readonly anomalies = new Map<Anomaly, string[]>()
  readonly published: ReadonlyMap<string, Published>
  readonly log: ReadonlyMap<string, LogRecord>
  /** Handlers that returned, the first first. */
  readonly done: ReadonlyMap<string, readonly Effect[]>
  readonly letters: ReadonlyMap<string, readonly Letter[]>

  constructor (history: History) {
    this.history = history
    this.published = new Map(history.published.map((published) => [published.id, published]))
    this.log = new Map(history.log.map((record) => [nameOf(record), record]))
    this.done = groupBy(history.effects.filter(({ done }) => done).sort((a, b) => a.end - b.end), nameOf)
    this.letters = groupBy([...history.letters].sort((a, b) => a.at - b.at), nameOf)
  }

  found (anomaly: Anomaly, details: string): void {
    const found = this.anomalies.get(anomaly)
    if (found === undefined) this.anomalies.set(anomaly, [details])
    else found.push(details)
  }
}

export function nameOf ({ partition, offset }: Place): string {
  return `${partition}@${offset}`
}

export function groupBy<T> (list: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) {
    const name = nameOf(item)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [item])
    else group.push(item)
  }
  return groups
}

export function keyOf (id: string): string {
  return id.slice(0, id.lastIndexOf(':'))
}

export function seqOf (id: string): number {
  return Number(id.slice(id.lastIndexOf(':') + 1))
}
