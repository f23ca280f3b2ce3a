import type { Node } from './node.js'

/**
 * Connections for one purpose, one to each node. Requests that block have their own, so that others do not wait
 * behind them.
 */
export class Connections {
  readonly #create: (address: string) => Node
  readonly #nodes = new Map<string, Node>()

  constructor (create: (address: string) => Node) {
    this.#create = create
  }

  to (address: string): Node {
    const node = this.#nodes.get(address) ?? this.#create(address)
    this.#nodes.set(address, node)
    return node
  }

  cut (): void {
    for (const node of this.#nodes.values()) node.cut()
    this.#nodes.clear()
  }
}
