import { isTopic } from './topic-partition.js'

/*
 * Kafka's embedded consumer protocol: what members of a group tell each other. The coordinator hands these bytes on
 * unread, so another member may have written anything. Each decoder ends, allocates no more than the bytes can hold,
 * and throws a plain `Error` for bytes that are not of the format.
 */

/** Metadata that a member sends when it joins. */
export interface MemberSubscription {
  /** Topics without duplicates. */
  readonly topics: readonly string[]
  /** The partition counts that the member tells of its topics. Empty for members of other clients, which tell none. */
  readonly counts: ReadonlyMap<string, number>
}

/** Assignment that the leader gives to a member: the partitions of each topic. */
export type MemberAssignment = ReadonlyMap<string, readonly number[]>

const VERSION = 0
const MAX_TOPICS = 10_000
/** Bytes of `:` + a count + `,` in the user data. */
const COUNT_LENGTH = 12
const EMPTY = Buffer.alloc(0)

/** Reads a subscription of any version: newer ones only add fields at the end. */
export function decodeSubscription (bytes: Buffer): MemberSubscription {
  const reader = new Reader(bytes)
  reader.version()
  const topics = new Set<string>()
  let length = 0
  for (let left = reader.count(2); left > 0; left--) {
    const topic = reader.string()
    if (!isTopic(topic)) throw new Error('it names a topic that Kafka would not allow')
    topics.add(topic)
    if (topics.size > MAX_TOPICS) throw new Error(`it names more than ${MAX_TOPICS} topics`)
    length += topic.length
  }
  const userData = reader.nullableBytes()
  const hasCounts = userData.length <= length + topics.size * COUNT_LENGTH
  return { topics: [...topics], counts: hasCounts ? decodeCounts(userData, topics) : new Map() }
}

/** The counts change the bytes when partitions are added: the coordinator compares them and begins a new generation. */
export function encodeSubscription ({ topics, counts }: MemberSubscription): Buffer {
  const userData = Array.from(counts, ([topic, count]) => `${topic}:${count}`).sort().join()
  return Buffer.concat([int16(VERSION), int32(topics.length), ...topics.map(string), bytesOf(Buffer.from(userData))])
}

/** Reads an assignment as it is: topics and partitions may be any. No bytes at all assign nothing. */
export function decodeAssignment (bytes: Buffer): MemberAssignment {
  const assignment = new Map<string, number[]>()
  if (bytes.length === 0) return assignment
  const reader = new Reader(bytes)
  reader.version()
  for (let topics = reader.count(6); topics > 0; topics--) {
    const topic = reader.string()
    const partitions = assignment.get(topic) ?? []
    assignment.set(topic, partitions)
    for (let left = reader.count(4); left > 0; left--) partitions.push(reader.int32())
  }
  reader.nullableBytes()
  return assignment
}

export function encodeAssignment (assignment: MemberAssignment): Buffer {
  const topics = Array.from(assignment, ([topic, partitions]) => {
    return [string(topic), int32(partitions.length), ...partitions.map(int32)]
  })
  return Buffer.concat([int16(VERSION), int32(assignment.size), ...topics.flat(), bytesOf(EMPTY)])
}

/** User data of another assignor is no error: it tells no counts. */
function decodeCounts (userData: Buffer, topics: ReadonlySet<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const entry of userData.toString('latin1').split(',')) {
    const end = entry.lastIndexOf(':')
    const topic = entry.slice(0, Math.max(0, end))
    const count = entry.slice(end + 1)
    if (topics.has(topic) && /^\d{1,9}$/.test(count)) counts.set(topic, Number(count))
  }
  return counts
}

/** Reads Kafka's fixed-length types, big-endian. */
class Reader {
  readonly #bytes: Buffer
  #position = 0

  constructor (bytes: Buffer) {
    this.#bytes = bytes
  }

  version (): void {
    const version = this.#take(2).readInt16BE()
    if (version < 0) throw new Error(`it has version ${version}`)
  }

  int32 (): number {
    return this.#take(4).readInt32BE()
  }

  /** The length of an array, whose items have `size` bytes at least. */
  count (size: number): number {
    const count = this.int32()
    if (count < 0) throw new Error(`it has a list of length ${count}`)
    if (count * size > this.#bytes.length - this.#position) {
      throw new Error('it has a list that is longer than the bytes')
    }
    return count
  }

  string (): string {
    return this.#take(this.#take(2).readInt16BE()).toString()
  }

  /** Null, as other clients send it, is empty. So is what is missing at the end. */
  nullableBytes (): Buffer {
    if (this.#position === this.#bytes.length) return EMPTY
    const length = this.int32()
    return length === -1 ? EMPTY : this.#take(length)
  }

  #take (length: number): Buffer {
    const start = this.#position
    if (length < 0) throw new Error(`it has a length of ${length}`)
    if (length > this.#bytes.length - start) throw new Error('it ends too early')
    this.#position += length
    return this.#bytes.subarray(start, this.#position)
  }
}

function int16 (value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32 (value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function string (text: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)])
}

function bytesOf (bytes: Buffer): Buffer {
  return Buffer.concat([int32(bytes.length), bytes])
}
