/** A reading of a sensor. */
export interface Reading {
  readonly sensor: string
  readonly at: string
  readonly celsius: number
}

/** Stands for a database that takes many rows at once, and that takes a row twice without storing it twice. */
export class ReadingStore {
  readonly #rows = new Map<string, Reading>()
  #inserts = 0

  /** Stores all rows or none. */
  async insert (rows: readonly Reading[]): Promise<void> {
    this.#inserts++
    for (const row of rows) this.#rows.set(`${row.sensor} ${row.at}`, row)
  }

  /** Number of calls of {@link insert}. */
  get inserts (): number {
    return this.#inserts
  }

  get size (): number {
    return this.#rows.size
  }
}
