/** A mutant that changes nothing which a caller can see, so that no test can find it. */
export interface Equivalent {
  /** Folder or file below `lib/`. */
  readonly file: string
  /** The source line in which the mutant begins, without the blanks around it. */
  readonly line: string
  /** What stands there instead, as `npm run mutate` prints it. */
  readonly to: string
  readonly reason: string
}

/** Equivalent mutants of one file: its lines, what stands there instead, and the reasons. */
export function inFile (
  file: string, ...rows: ReadonlyArray<readonly [line: string, to: readonly string[], reason: string]>
): readonly Equivalent[] {
  return rows.flatMap(([line, mutants, reason]) => mutants.map((to) => ({ file, line, to, reason })))
}
