/*
 * Which letters of one partition are done: the committed offset, before which all are, and runs of further ones as the
 * metadata of the commit. The runs are pairs of lengths, of what is open and of what is done, as LEB128 in base64.
 */

const FORMAT = /^faststream-dead-letters:1:([A-Za-z0-9+/=]*)$/
/** Kafka's default limit (`offset.metadata.max.bytes`), bytes. */
const MAX_LENGTH = 4096

/** Offsets from `from` to before `end`. */
interface Run {
  readonly from: bigint
  readonly end: bigint
}

export class DoneOffsets {
  /** In order, and apart from each other. */
  #runs: readonly Run[]

  /** `watermark`: all offsets before it are done. */
  constructor (watermark: bigint) {
    this.#runs = [{ from: 0n, end: watermark }]
  }

  /** Metadata of another format, or damaged metadata, says nothing. */
  static decode (watermark: bigint, metadata: string | null): DoneOffsets {
    const done = new DoneOffsets(watermark)
    const [, text] = FORMAT.exec(metadata ?? '') ?? []
    const lengths = text === undefined ? [] : lengthsOf(Buffer.from(text, 'base64'))
    let at = watermark
    for (let i = 0; i + 1 < lengths.length; i += 2) {
      const from = at + lengths[i]!
      at = from + lengths[i + 1]!
      done.add(from, at)
    }
    return done
  }

  /** The first offset that is not done. */
  get watermark (): bigint {
    return this.#runs[0]!.end
  }

  has (offset: bigint): boolean {
    return this.#runs.some(({ from, end }) => offset >= from && offset < end)
  }

  /** Adds the offsets from `from` to before `end`. */
  add (from: bigint, end: bigint): void {
    if (from >= end) return
    const isApart = (run: Run): boolean => run.end < from || run.from > end
    const apart = this.#runs.filter(isApart)
    const joined = this.#runs.filter((run) => !isApart(run))
    const run = {
      from: joined.reduce((least, run) => run.from < least ? run.from : least, from),
      end: joined.reduce((most, run) => run.end > most ? run.end : most, end)
    }
    this.#runs = [...apart, run].sort((a, b) => a.from < b.from ? -1 : 1)
  }

  /** The metadata to commit with the watermark; undefined when the runs are too many. */
  get metadata (): string | undefined {
    const bytes: number[] = []
    let at = this.watermark
    for (const { from, end } of this.#runs.slice(1)) {
      pushLength(bytes, from - at)
      pushLength(bytes, end - from)
      at = end
    }
    const metadata = `faststream-dead-letters:1:${Buffer.from(bytes).toString('base64')}`
    return metadata.length <= MAX_LENGTH ? metadata : undefined
  }
}

function pushLength (bytes: number[], length: bigint): void {
  let rest = length
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
}

function lengthsOf (bytes: Buffer): bigint[] {
  const lengths: bigint[] = []
  let length = 0n
  let shift = 0n
  for (const byte of bytes) {
    length |= BigInt(byte & 127) << shift
    shift += 7n
    if (byte > 127) continue
    lengths.push(length)
    length = shift = 0n
  }
  return lengths
}
