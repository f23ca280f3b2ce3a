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

/** Of checks that save the making of an event. */
const NOBODY_LISTENS = 'An event that is emitted without a listener reaches nobody.'

export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'consume/group/group.ts',
    line: "#queueOf ([topic = '']: readonly string[]): SubscriberQueue | undefined {",
    to: '"Stryker was here!"',
    reason: 'Each subscriber has a topic: the default is for the compiler of TypeScript.'
  },
  {
    file: 'consume/group/health.ts',
    line: 'const [last] = errors.filter((error) => error !== undefined).sort((a, b) => b.at - a.at)',
    to: 'errors',
    reason: 'A sort puts undefined last, and does not compare it.'
  },
  {
    file: 'consume/group/health.ts',
    line: 'const [last] = errors.filter((error) => error !== undefined).sort((a, b) => b.at - a.at)',
    to: 'true',
    reason: 'A sort puts undefined last, and does not compare it.'
  },
  {
    file: 'consume/group/offset-map.ts',
    line: "const bitmap = deflateRawSync(bits, { level: 1 }).toString('base64')",
    to: '{}',
    reason: 'The level says how fast the bits are packed: the same bits are read again.'
  },
  {
    file: 'consume/group/offset-map.ts',
    line: "const [, place, timestamp, bits = ''] = FORMAT.exec(metadata ?? '') ?? []",
    to: '"Stryker was here!"',
    reason: 'Where nothing matches, the place is undefined, and nothing else is read.'
  },
  {
    file: 'consume/group/offset-map.ts',
    line: "const [, place, timestamp, bits = ''] = FORMAT.exec(metadata ?? '') ?? []",
    to: '["Stryker was here"]',
    reason: 'Where nothing matches, the place is undefined, and nothing else is read.'
  },
  {
    file: 'consume/group/offset-map.ts',
    line: '} catch {',
    to: '{}',
    reason: 'A function that returns nothing returns undefined, too.'
  },
  {
    file: 'consume/group/offset-map.ts',
    line: 'for (let position = this.#bits.length * 8 - 1; position >= 0; position--) {',
    to: 'this.#bits.length * 8 + 1',
    reason: 'Behind the last byte no bit is set.'
  },
  {
    file: 'consume/group/offset-map.ts',
    line: 'for (let position = Number(start - this.#offset); position < this.#bits.length * 8; position++) {',
    to: 'position <= this.#bits.length * 8',
    reason: 'Behind the last byte no bit is set.'
  },
  {
    file: 'consume/group/offset-map.ts',
    line: 'return offset >= this.#offset && offset < this.end && this.#isSet(Number(offset - this.#offset))',
    to: 'offset <= this.end',
    reason: 'Behind the last byte no bit is set.'
  },
  {
    file: 'consume/group/offset-reset.ts',
    line: 'if (events.offsetReset.active) events.offsetReset.emit({ ...events.identity, ...event })',
    to: 'true',
    reason: NOBODY_LISTENS
  },
  {
    file: 'consume/group/offset-reset.ts',
    line: 'return position - (stored < start ? stored : start)',
    to: 'stored <= start',
    reason: 'Where both offsets are equal, either of them may be taken.'
  },
  {
    file: 'consume/group/owned-partitions.ts',
    line: 'this.#generation++',
    to: 'this.#generation--',
    reason: 'Generations are compared only to see whether they are the same.'
  },
  {
    file: 'consume/group/owned-partitions.ts',
    line: 'if (standstill === undefined) this.#standstills.delete(name)',
    to: 'false',
    reason: 'A standstill that is kept as undefined is read as none.'
  },
  {
    file: 'consume/group/report.ts',
    line: 'if (received.active) received.emit({ ...this.#group, topic, partition, count, position })',
    to: 'true',
    reason: NOBODY_LISTENS
  },
  {
    file: 'consume/group/report.ts',
    line: 'if (leftOut.active) leftOut.emit({ ...this.#group, topic, partition, offset, count })',
    to: 'true',
    reason: NOBODY_LISTENS
  },
  {
    file: 'consume/group/report.ts',
    line: 'if (!committed.active) return',
    to: 'false',
    reason: NOBODY_LISTENS
  },
  {
    file: 'consume/group/report.ts',
    line: 'if (rebalanced.active) rebalanced.emit({ ...this.#group, reason, duration, partitions })',
    to: 'true',
    reason: NOBODY_LISTENS
  },
  {
    file: 'consume/group/report.ts',
    line: 'if (drainTimedOut.active) drainTimedOut.emit({ ...this.#group, reason, timeout, unsettled })',
    to: 'true',
    reason: NOBODY_LISTENS
  },
  {
    file: 'consume/group/report.ts',
    line: 'if (subscriberStopped.active) subscriberStopped.emit({ ...this.#group, subscriber: name, topics })',
    to: 'true',
    reason: NOBODY_LISTENS
  },
  {
    file: 'consume/group/report.ts',
    line: 'if (partitionStopped.active) partitionStopped.emit({ ...this.#group, topic, partition, offset, nextOffset, error })',
    to: 'true',
    reason: NOBODY_LISTENS
  },
  {
    file: 'consume/group/report.ts',
    line: 'if (healthChanged.active) healthChanged.emit({ ...this.#group, state, previous, error })',
    to: 'true',
    reason: NOBODY_LISTENS
  },
  {
    file: 'consume/group/stops.ts',
    line: 'this.#stop(topic, partition, { offset, nextOffset: nextOffset < 0n ? undefined : nextOffset, error })',
    to: 'nextOffset <= 0n',
    reason: 'Behind a batch no offset is 0.'
  },
  {
    file: 'consume/group/stops.ts',
    line: 'this.#parts.report.skipped(to, stopped?.offset)',
    to: 'stopped.offset',
    reason: 'A partition that is not stopped has been refused before.'
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
