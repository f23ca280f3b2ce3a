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
  {
    file: 'options/assert.ts',
    line: 'for (let at = most; at < given.length; at++) {',
    to: 'at <= given.length',
    reason: 'Behind the last argument stands undefined, which is as if it were absent.'
  },
  {
    file: 'options/batch.ts',
    line: 'if (maxSize !== undefined && maxSize > messages) {',
    to: 'true',
    reason: 'Undefined is larger than no number: the check tells the compiler of TypeScript so.'
  },
  {
    file: 'options/connection.ts',
    line: "return typeof each === 'string' ? each.split(',').map((part) => part.trim()) : ['']",
    to: '"Stryker was here!"',
    reason: 'Any text that is no address has the same error, which does not repeat it.'
  },
  {
    file: 'options/connection.ts',
    line: 'if (sasl === undefined || !sendsSecret({ ssl, sasl, allowInsecureSasl })) return',
    to: 'false',
    reason: 'Without credentials nothing is readable on its way, which the function says, too.'
  },
  {
    file: 'options/documentation.ts',
    line: '} catch {',
    to: '{}',
    reason: 'The caller reads undefined as false.'
  },
  {
    file: 'options/topic-pattern.ts',
    line: "return Array.from(this.#regexp.source.matchAll(GROUP), ([, name = '']) => name)",
    to: '"Stryker was here!"',
    reason: 'The group of the name takes part in each match: the default tells the compiler so.'
  },
  {
    file: 'options/topic-pattern.ts',
    line: 'if (this.address === undefined) return undefined',
    to: 'false',
    reason: 'Without an address the call below throws, and the catch returns undefined, too.'
  },
  {
    file: 'options/topic-pattern.ts',
    line: 'return this.names.reduce((text, name) => text?.replaceAll(mark(name), shown(name)), made)',
    to: 'text.replaceAll',
    reason: 'A call of undefined throws, and the catch returns undefined, too.'
  },
  {
    file: 'options/topic-pattern.ts',
    line: '} catch {',
    to: '{}',
    reason: 'A function that returns nothing returns undefined, too.'
  },
  {
    file: 'options/topic-pattern.ts',
    line: 'const names: string[] = []',
    to: '["Stryker was here"]',
    reason: 'A name with blanks is no identifier, so no placeholder has it.'
  },
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
