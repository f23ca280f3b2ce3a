/** Gives names away: what is the same gets the same one, what differs never shares one. */
export class Names {
  readonly #holders = new Map<string, string>()

  /** The wanted name, or that with a number behind it when something else has it. */
  give (wanted: string, identity: string): string {
    let name = wanted
    for (let count = 2; (this.#holders.get(name) ?? identity) !== identity; count++) name = `${wanted}_${count}`
    this.#holders.set(name, identity)
    return name
  }
}

/** Key that AsyncAPI accepts: of a URI its last segment. */
export function toName (text: string): string {
  const segment = text.split(/[/#:?]/).findLast((part) => /[a-zA-Z0-9]/.test(part)) ?? 'unnamed'
  return segment.replace(/(?<=.)\.json$/, '').replace(/[^a-zA-Z0-9._-]+/g, '_').replace(/^_+|_+$/g, '')
}

/** Key for a pattern of topics: 'orders.{region}' → 'orders.region'. */
export function toKey (pattern: string): string {
  return pattern.replace(/[^a-zA-Z0-9._-]+/g, ' ').trim().replaceAll(' ', '_') || 'pattern'
}

/** 'orders.created' → 'OrdersCreated'. A topic may be '_': then there is nothing to call it by. */
export function pascalCase (name: string): string {
  return name.split(/[^a-zA-Z0-9]+/).map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('') || 'Topic'
}

/** Adds a suffix that the name does not end with: 'Orders' and 'OrdersPayload' with 'Payload' make 'OrdersPayload'. */
export function withSuffix (name: string, suffix: string): string {
  return name.endsWith(suffix) ? name : name + suffix
}

/** The topic of a named broker as a name, without the broker's name when the topic begins with its words. */
export function qualify (broker: string, topic: string): string {
  const [first, whole] = [wordsOf(broker), wordsOf(topic)]
  const repeats = first.length > 0 && first.every((word, index) => whole[index] === word)
  return repeats ? topic : `${toName(broker)}.${topic}`
}

function wordsOf (name: string): string[] {
  return name.toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== '')
}

/** Compares by code unit: the order must not depend on where the process runs. */
export function compare (a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** An object with its members in the order of their names. */
export function byName<V> (entries: Iterable<readonly [name: string, value: V]>): Record<string, V> {
  return Object.fromEntries([...entries].sort(([a], [b]) => compare(a, b)))
}
