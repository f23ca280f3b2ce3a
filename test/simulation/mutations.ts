/** One guard of the client or the core, and what its absence looks like in the source. */
export interface Mutation {
  readonly guard: string
  readonly file: string
  /** Text that is in the file once. */
  readonly from: string
  readonly to: string
  /** A second change, where two guards cover each other. */
  readonly also?: Pick<Mutation, 'file' | 'from' | 'to'>
}

const PRODUCER = 'lib/transport/kafka/producer/producer.ts'
const MEMBERSHIP = 'lib/transport/kafka/consumer/membership.ts'
const GENERATION = 'lib/transport/kafka/consumer/generation.ts'
const STARTING = 'lib/transport/kafka/consumer/starting-offsets.ts'
const FETCHER = 'lib/transport/kafka/consumer/fetcher.ts'
const COORDINATOR = 'lib/transport/kafka/consumer/coordinator.ts'
const GROUP = 'lib/consume/group/group.ts'
const SEND_ORDER = 'lib/produce/send-order.ts'
const BATCHER = 'lib/produce/batcher.ts'

/** Each of them must be found. */
export const MUTATIONS: readonly Mutation[] = [
  {
    guard: 'a batch that is given up burns its sequence number',
    file: PRODUCER,
    from: 'if (batches.some(isUncertain)) identity = renewed(batches)',
    to: ''
  },
  {
    guard: 'a batch keeps its sequence number until it is acknowledged',
    file: PRODUCER,
    from: '  batch.failure = error\n  batch.refused',
    to: '  sequences.set(partitionId(batch), ((sequences.get(partitionId(batch)) ?? 0) + batch.records.length) % 2 ** 31)\n  batch.failure = error\n  batch.refused'
  },
  {
    guard: 'what may be in the log is not said to be not sent',
    file: PRODUCER,
    from: 'for (const batch of batches) batch.uncertain++',
    to: ''
  },
  {
    guard: 'a send that failed asks for the leaders again',
    file: PRODUCER,
    from: 'if (again || pending.some',
    to: 'if (pending.some'
  },
  {
    guard: 'running handlers are drained before a rejoin',
    file: GROUP,
    from: "return this.#drain('rebalance', this.#environment.settings.revokeDrain)",
    to: 'return Promise.resolve()'
  },
  {
    guard: 'the drain ends with a commit',
    file: 'lib/consume/group/drain.ts',
    from: 'await committer.flush(end - clock.elapsed())',
    to: ''
  },
  {
    guard: 'what was queued is dropped with its generation',
    file: 'lib/consume/partition/subscriber-queue.ts',
    from: '    this.lanes.clear()\n',
    to: ''
  },
  {
    guard: 'a partition goes on where the group has stored',
    file: STARTING,
    from: 'if (stored >= start && stored <= end) return stored',
    to: 'if (stored >= start && stored <= end) return end'
  },
  {
    guard: 'a position that the log does not hold begins anew',
    file: FETCHER,
    from: 'if (error.errorCode === CODE.offsetOutOfRange) this.#with.outOfRange()\n    else if',
    to: 'if'
  },
  {
    guard: 'requests follow a coordinator that moves',
    file: COORDINATOR,
    from: '        this.#address = undefined\n',
    to: ''
  },
  {
    guard: 'an error of a leader makes its partitions wait for the new leader',
    file: GENERATION,
    from: 'this.#fetcher.metadataChanged()',
    to: ''
  },
  {
    guard: 'new partitions make the member rejoin',
    file: 'lib/transport/kafka/consumer/generation.ts',
    from: 'if (subscription.counts !== counts) rejoin()',
    to: ''
  },
  {
    guard: 'a member that heard nothing for a session handles nothing',
    file: 'lib/consume/group/session.ts',
    from: 'return this.#clock.elapsed() - this.#consumer.lastContact > this.#timeout',
    to: 'return false'
  },
  {
    guard: 'the time of the question counts as contact, not that of the answer',
    file: MEMBERSHIP,
    from: 'this.#with.contacted(at)',
    to: 'this.#with.contacted(at === 0 ? at : this.#now())'
  },
  {
    guard: 'aborted transactions are left out',
    file: 'lib/transport/kafka/records/aborted.ts',
    from: 'if (aborted.length === 0) return batches',
    to: 'if (aborted.length >= 0) return batches'
  },
  {
    guard: 'a partition that was lost is not committed',
    file: GROUP,
    from: 'this.#owned.revokeAll()',
    to: '',
    also: {
      file: 'lib/transport/kafka/consumer/assignment.ts',
      from: 'if (alien === undefined) return',
      to: 'if (alien !== this) return'
    }
  },
  {
    guard: 'a commit that failed is tried again',
    file: 'lib/consume/group/committer.ts',
    from: "tried again')\n    this.moved()",
    to: "tried again')"
  },
  {
    guard: 'a dead letter is stored before its message is settled',
    file: 'lib/consume/pipeline/consequences.ts',
    from: 'if (!await publisher.deadLetter(topic, delivery, failure, slot)) return',
    to: 'if (publisher.deadLetter(topic, delivery, failure, slot) === undefined) return'
  },
  {
    guard: 'a result that failed breaks the order of its lane',
    file: SEND_ORDER,
    from: '  order.broken = true\n',
    to: ''
  },
  {
    guard: 'results behind one that failed are withdrawn',
    file: SEND_ORDER,
    from: 'return later',
    to: 'return []'
  },
  {
    guard: 'a result behind one that failed is neither taken nor sent',
    file: BATCHER,
    from: 'if (entry.order?.broken === true) return entry.reject(new Withdrawn())',
    to: '',
    also: {
      file: BATCHER,
      from: 'if (entry.order?.broken === true) this.fail(entry, new Withdrawn())\n    else',
      to: ''
    }
  },
  {
    guard: 'a withdrawn result is sent again when those before it are stored',
    file: 'lib/consume/pipeline/publish-until-stored.ts',
    from: 'if (first !== undefined && !await first) return false',
    to: ''
  },
  {
    guard: 'a message ends behind those before it in its lane',
    file: 'lib/consume/pipeline/overlap.ts',
    from: 'if (await slot.first?.() !== false) return',
    to: 'if (delivery !== undefined) return'
  },
  {
    guard: 'of results that are too large together none is sent behind one that failed',
    file: BATCHER,
    from: 'for (const entry of rest) if (!entry.done) await',
    to: 'for (const entry of rest) await'
  }
]
