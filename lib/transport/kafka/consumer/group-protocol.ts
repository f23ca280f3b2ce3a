/* Kafka's embedded consumer protocol: what members of a group tell each other, in bytes that the coordinator hands on unread. */

/** What a member tells about itself when it joins. */
export interface MemberSubscription {
  readonly topics: readonly string[]
  /** How many partitions the member knows of; empty for members of other clients. */
  readonly counts: ReadonlyMap<string, number>
}

/** What the leader gives to a member: the partitions of each topic. */
export type MemberAssignment = ReadonlyMap<string, readonly number[]>

const VERSION = 0

/** The counts change the bytes when partitions are added: the coordinator compares them and begins a new generation. */
export function encodeSubscription ({ topics, counts }: MemberSubscription): Buffer {
  const userData = Array.from(counts, ([topic, count]) => `${topic}:${count}`).sort().join()
  return Buffer.concat([int16(VERSION), int32(topics.length), ...topics.map(string), bytesOf(userData)])
}

export function decodeSubscription (bytes: Buffer): MemberSubscription {
  const reader = new Reader(bytes)
  reader.int16()
  const topics = reader.array(() => reader.string())
  const entries = reader.bytes().toString().split(',').map((entry) => entry.split(':') as [string, string | undefined])
  return { topics, counts: new Map(entries.map(([topic, count = '0']) => [topic, Number(count)])) }
}

export function encodeAssignment (assignment: MemberAssignment): Buffer {
  const topics = Array.from(assignment, ([topic, partitions]) => [string(topic), int32(partitions.length), ...partitions.map(int32)])
  return Buffer.concat([int16(VERSION), int32(assignment.size), ...topics.flat(), bytesOf('')])
}

/** No bytes at all assign nothing. */
export function decodeAssignment (bytes: Buffer): MemberAssignment {
  if (bytes.length === 0) return new Map()
  const reader = new Reader(bytes)
  reader.int16()
  return new Map(reader.array(() => [reader.string(), reader.array(() => reader.int32())]))
}

class Reader {
  readonly #bytes: Buffer
  #position = 0

  constructor (bytes: Buffer) {
    this.#bytes = bytes
  }

  int16 (): number {
    return this.#take(2).readInt16BE()
  }

  int32 (): number {
    return this.#take(4).readInt32BE()
  }

  array<Item> (read: () => Item): Item[] {
    const items: Item[] = []
    for (let left = this.int32(); left > 0; left--) items.push(read())
    return items
  }

  string (): string {
    return this.#take(this.int16()).toString()
  }

  bytes (): Buffer {
    return this.#take(Math.max(this.int32(), 0))
  }

  #take (length: number): Buffer {
    const start = this.#position
    if (length < 0 || length > this.#bytes.length - start) throw new Error('the bytes of a group member end too early')
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

function bytesOf (text: string): Buffer {
  return Buffer.concat([int32(Buffer.byteLength(text)), Buffer.from(text)])
}
