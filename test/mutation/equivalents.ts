import { IN_CONSUME } from './equivalents-consume.js'

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

export const EQUIVALENTS: readonly Equivalent[] = [
  ...IN_CONSUME,
  {
    file: 'schema/outgoing.ts',
    line: '} catch {',
    to: '{}',
    reason: 'A function that returns nothing returns undefined, too.'
  },
  {
    file: 'schema/small.ts',
    line: "else if (typeof next === 'object' && next !== null && !ArrayBuffer.isView(next)) {",
    to: 'true',
    reason: 'A loop over the members of null or of a number finds none.'
  },
  {
    file: 'schema/small.ts',
    line: "else if (typeof next === 'object' && next !== null && !ArrayBuffer.isView(next)) {",
    to: "typeof next === 'object' || next !== null",
    reason: 'A loop over the members of null or of a number finds none.'
  },
  {
    file: 'schema/validator.ts',
    line: "return typeof validator === 'function' && 'schemaEnv' in validator",
    to: 'true',
    reason: 'Each validator is a function: the check tells the compiler of TypeScript so.'
  },
  {
    file: 'schema/validator.ts',
    line: '} catch {',
    to: '{}',
    reason: 'The caller reads undefined as false.'
  }
]
