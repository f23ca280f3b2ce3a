/** A whole number from 0 to below `below`. */
export type Random = (below: number) => number

/** A part of the package that reads what others wrote. */
export interface Target {
  readonly name: string
  /** Feeds it one input that `random` makes. Throws, or rejects, when the part breaks its promise. */
  run (random: Random): unknown
  close? (): Promise<void>
}

export type CreateTarget = () => Target | Promise<Target>

export function promise (kept: boolean, message: string): void {
  if (!kept) throw new Error(message)
}
