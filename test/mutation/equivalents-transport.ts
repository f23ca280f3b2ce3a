import type { Equivalent } from './equivalent.js'

/* Mutants of lib/transport/ that change nothing which a caller can see. */

export const IN_TRANSPORT: readonly Equivalent[] = [
  {
    file: 'transport/memory/consumer.ts',
    line: '#moved: readonly TopicPartitionOffset[] = []',
    to: '["Stryker was here"]',
    reason: 'A text has no topic, so that it is the position of no partition.'
  },
  {
    file: 'transport/memory/consumer.ts',
    line: 'this.#positions = options.positions ?? []',
    to: '["Stryker was here"]',
    reason: 'A text has no topic, so that it is the position of no partition.'
  },
  {
    file: 'transport/memory/consumer.ts',
    line: "async subscribe (topics: ConsumerOptions['topics'], positions: ConsumerOptions['positions'] = []): Promise<void> {",
    to: '["Stryker was here"]',
    reason: 'A text has no topic, so that it is the position of no partition.'
  },
  {
    file: 'transport/memory/consumer.ts',
    line: 'this.#moved = []',
    to: '["Stryker was here"]',
    reason: 'A text has no topic, so that it is the position of no partition.'
  },
  {
    file: 'transport/memory/consumer.ts',
    line: 'if (log !== undefined) this.#fetcher?.pause(log)',
    to: 'true',
    reason: 'What is no partition is none of those that are read.'
  },
  {
    file: 'transport/memory/consumer.ts',
    line: 'if (log !== undefined) this.#fetcher?.resume(log)',
    to: 'true',
    reason: 'What is no partition is none of those that are read.'
  },
  {
    file: 'transport/memory/consumer.ts',
    line: 'if (log !== undefined) this.#fetcher?.seek(log, partition.offset)',
    to: 'true',
    reason: 'What is no partition is none of those that are read.'
  },
  {
    file: 'transport/memory/consumer.ts',
    line: 'get unreached (): undefined {',
    to: '{}',
    reason: 'A function that returns nothing returns undefined, too.'
  },
  {
    file: 'transport/memory/consumer.ts',
    line: 'if (member !== undefined) this.#group.leave(member)',
    to: 'true',
    reason: 'A group ignores who is none of its members.'
  },
  {
    file: 'transport/memory/group-offsets.ts',
    line: 'const { offsetReset, positions = [] } = options',
    to: '["Stryker was here"]',
    reason: 'A text has no topic, so that it is the position of no partition.'
  },
  {
    file: 'transport/memory/group-offsets.ts',
    line: "return startOf(log, stored, stored === undefined && isNew ? 'earliest' : offsetReset)",
    to: '""',
    reason: 'Reading begins at the start of the log with all but a time and `latest`.'
  },
  {
    file: 'transport/memory/group.ts',
    line: '#rebalancing = false',
    to: 'true',
    reason: 'The first rebalance of a group has no members that it asks or waits for.'
  },
  {
    file: 'transport/memory/group.ts',
    line: 'const partitions = new Set(owners.filter(({ owner }) => owner?.member === member).map(({ log }) => log))',
    to: 'owner.member',
    reason: 'Each of these partitions has an owner, because a member may read it.'
  },
  {
    file: 'transport/memory/group.ts',
    line: 'return committed !== undefined && log.holds(committed) ? committed : log.start',
    to: 'true',
    reason: 'No log holds undefined.'
  },
  {
    file: 'transport/memory/logged-record.ts',
    line: 'let names: HeaderNames = { list: [], bytes: 0 }',
    to: '["Stryker was here"]',
    reason: 'Only a header of this very name is concerned.'
  },
  {
    file: 'transport/memory/logged-record.ts',
    line: 'if (headers.length === list.length && headers.every(([name], i) => name === list[i])) return before',
    to: 'false',
    reason: 'The names are the same when they are made anew: to keep those of the record before saves time.'
  },
  {
    file: 'transport/memory/logged-record.ts',
    line: 'if (headers.length === list.length && headers.every(([name], i) => name === list[i])) return before',
    to: '() => undefined',
    reason: 'The names are the same when they are made anew: to keep those of the record before saves time.'
  }
]
