import { decodeAssignment } from './consumer-protocol.js'
import type { MemberAssignment } from './consumer-protocol.js'
import { toError } from '../to-error.js'

/** Examples that a warning gives. */
const EXAMPLES = 10

/** Part of the leader's assignment that a member accepts. */
export interface ReceivedAssignment {
  readonly partitions: MemberAssignment
  /** Number of refused entries and the reason; `undefined` when none was refused. */
  readonly refused: RefusedAssignment | undefined
}

export interface RefusedAssignment {
  /** The bytes are no assignment. */
  readonly unreadable: string | undefined
  /** Topics that the member does not subscribe to. */
  readonly topics: number
  /** Partitions that the cluster does not have, of topics that the member subscribes to. */
  readonly partitions: number
  readonly duplicates: number
  readonly examples: ReadonlyArray<{ readonly topic: string, readonly partition: number }>
}

/**
 * Takes what the member can read, and refuses the rest.
 *
 * @param countOf how many partitions the cluster has of a topic; undefined: the member does not subscribe to it
 */
export function readAssignment (bytes: Buffer, countOf: (topic: string) => number | undefined): ReceivedAssignment {
  let assignment: MemberAssignment
  try {
    assignment = decodeAssignment(bytes)
  } catch (err) {
    const unreadable = toError(err).message
    return { partitions: new Map(), refused: { unreadable, topics: 0, partitions: 0, duplicates: 0, examples: [] } }
  }
  const partitions = new Map<string, number[]>()
  const examples: Array<{ topic: string, partition: number }> = []
  const refused = { unreadable: undefined, topics: 0, partitions: 0, duplicates: 0, examples }
  for (const [topic, given] of assignment) {
    const count = countOf(topic)
    if (count === undefined) {
      refused.topics++
      continue
    }
    const taken = new Set<number>()
    for (const partition of given) {
      if (taken.has(partition)) refused.duplicates++
      else if (partition >= 0 && partition < count) taken.add(partition)
      else if (refused.partitions++ < EXAMPLES) refused.examples.push({ topic, partition })
    }
    if (taken.size > 0) partitions.set(topic, [...taken])
  }
  return { partitions, refused: refused.topics + refused.partitions + refused.duplicates > 0 ? refused : undefined }
}
