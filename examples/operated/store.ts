/** The database of the shop, which may be away. */
export class Store {
  readonly orders = new Map<string, number>()
  isAway = false

  async save ({ id, total }: { id: string, total: number }): Promise<void> {
    if (this.isAway) throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })
    if (total > 1000) throw Object.assign(new Error('the order is above the limit'), { code: 'E_LIMIT' })
    this.orders.set(id, total)
  }
}
