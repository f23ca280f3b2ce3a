import type { ParseArgsConfig } from 'node:util'

/** What a command has found: nothing wrong, something, or that it could not tell. */
export type ExitCode = 0 | 1 | 2

/** Where a command writes. */
export interface Output {
  write (text: string): void
  /** True for a terminal. */
  readonly isTTY?: boolean
}

/** The values of a command's options. */
export type Values = Readonly<Record<string, string | boolean | undefined>>

/** How a command was called. */
export interface Call {
  readonly values: Values
  /** What is no option, without the names of the command. */
  readonly positionals: readonly string[]
  /** What stands behind `--`: options of the app. */
  readonly rest: readonly string[]
  readonly out: Output
  /** Where an audit line goes. */
  readonly err: Output
  /** Aborts when the user ends the command. */
  readonly signal: AbortSignal
}

/** One verb of the command line. */
export interface Command {
  readonly usage: string
  readonly help: string
  readonly options: NonNullable<ParseArgsConfig['options']>
  run (call: Call): Promise<ExitCode>
}

/** The value of an option that is text. */
export function textOf (values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}
