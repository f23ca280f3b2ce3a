import { IN_BROKER } from './equivalents-broker.js'
import { IN_CONSUME } from './equivalents-consume.js'
import { IN_KAFKA } from './equivalents-kafka.js'
import { IN_TRANSPORT } from './equivalents-transport.js'
import type { Equivalent } from './equivalent.js'

export const EQUIVALENTS: readonly Equivalent[] = [
  ...IN_BROKER,
  ...IN_CONSUME,
  ...IN_KAFKA,
  ...IN_TRANSPORT,
  {
    file: 'deps/http.ts',
    line: 'if (deps?.declared === undefined) return done()',
    to: 'deps.declared',
    reason: 'A request that comes to this hook was at the hook before, which makes the object.'
  },
  {
    file: 'deps/http.ts',
    line: 'depsIn(request)?.failed(error)',
    to: 'depsIn(request).failed',
    reason: 'Fastify passes over what a hook onError throws, as it would go on from the hook.'
  },
  {
    file: 'deps/http.ts',
    line: 'depsIn(request)?.handled(returned)',
    to: 'depsIn(request).handled',
    reason: 'A request that comes to its handler was at the hook before, which makes the object.'
  },
  {
    file: 'deps/request-deps.ts',
    line: 'this.#context?.abort(error)',
    to: 'this.#context.abort',
    reason: 'Fastify passes over what a hook onError throws, and nothing comes behind this line.'
  },
  {
    file: 'message/dead-letter-error.ts',
    line: "return causeIn(parseJson(Buffer.from(json), 'header'), MAX_CAUSES)",
    to: '""',
    reason: 'The name stands in an error that is caught here.'
  },
  {
    file: 'message/dead-letter-error.ts',
    line: '} catch {',
    to: '{}',
    reason: 'A function that returns nothing returns undefined, too.'
  },
  {
    file: 'message/dead-letter-headers.ts',
    line: "({ trips }) => trips > 0 ? String(trips) : undefined, (text = '') => /^\\d{1,3}$/.test(text) ? Number(text) : 0),",
    to: '"Stryker was here!"',
    reason: 'The text that stands there is no number, no offset and no time either, as the empty one.'
  },
  {
    file: 'message/dead-letter-headers.ts',
    line: 'const kept = keepsOrigin ? ORIGIN_NAMES : []',
    to: '["Stryker was here"]',
    reason: 'The list is compared with names that have the prefix.'
  },
  {
    file: 'message/dead-letter-headers.ts',
    line: "for (const [name, value] of headers) if (name.startsWith(DEAD_LETTER_PREFIX)) texts.set(name, value?.toString() ?? '')",
    to: 'true',
    reason: 'A header without the prefix is not read: the check spares the making of its text.'
  },
  {
    file: 'message/dead-letter-headers.ts',
    line: "function asOffset (text = ''): bigint | undefined {",
    to: '"Stryker was here!"',
    reason: 'The text that stands there is no number, no offset and no time either, as the empty one.'
  },
  {
    file: 'message/dead-letter-headers.ts',
    line: "function asTimestamp (text = ''): Date | undefined {",
    to: '"Stryker was here!"',
    reason: 'The text that stands there is no number, no offset and no time either, as the empty one.'
  },
  {
    file: 'message/dead-letter-headers.ts',
    line: "function asDate (text = ''): Date | undefined {",
    to: '"Stryker was here!"',
    reason: 'The text that stands there is no number, no offset and no time either, as the empty one.'
  },
  {
    file: 'message/dead-letter-headers.ts',
    line: "return parseJson(Buffer.from(json), 'header')",
    to: '""',
    reason: 'The name stands in an error that is caught here.'
  },
  {
    file: 'message/dead-letter-headers.ts',
    line: '} catch {',
    to: '{}',
    reason: 'A function that returns nothing returns undefined, too.'
  },
  {
    file: 'message/decode.ts',
    line: 'const isTombstone = decoded === null && record.value === null',
    to: 'true',
    reason: 'The function that gets it asks for null, too: here the check spares the making of a Buffer.'
  },
  {
    file: 'message/encode-by-codec.ts',
    line: "return typeof value === 'string' ? Buffer.from(value) : toBuffer(value)",
    to: 'false',
    reason: 'Of a text toBuffer makes the same: the check tells the compiler of TypeScript which one it is.'
  },
  {
    file: 'message/encode-by-codec.ts',
    line: "return typeof value === 'string' ? Buffer.from(value) : toBuffer(value)",
    to: '""',
    reason: 'Of a text toBuffer makes the same: the check tells the compiler of TypeScript which one it is.'
  },
  {
    file: 'message/encode.ts',
    line: 'function hasOwnHeadersOnly (options: EncodingOptions, rules: OutgoingRules, encoded: Encoded): boolean {',
    to: '{}',
    reason: 'The longer way makes the same headers.'
  },
  {
    file: 'message/encode.ts',
    line: 'return options.headers === undefined && rules.headers === undefined && rules.automatic === undefined &&',
    to: 'false',
    reason: 'The longer way makes the same headers.'
  },
  {
    file: 'message/redrive-headers.ts',
    line: "const text = lastHeader(headers, TRIPS) ?? ''",
    to: '"Stryker was here!"',
    reason: 'The text that stands there is no number, no offset and no time either, as the empty one.'
  },
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
    line: 'return this.names.reduce((text, name) => text?.replaceAll(mark(name), `{$' + '{name}}`), made)',
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
