import { NackMessage } from 'fastify-faststream'

const MAGIC = 0
const HEADER = 5
const TYPE = 'application/vnd.schemaregistry.v1+json'

/** A client of a schema registry with the API of Confluent's (Karapace, Apicurio and Redpanda have it, too). */
export class SchemaRegistry {
  readonly #url: string
  readonly #timeout: number

  /** `timeout` of one request, ms. */
  constructor (url: string, timeout = 5000) {
    this.#url = url
    this.#timeout = timeout
  }

  /** Registers a schema under a subject. Resolves to its id, which is the old one for a schema that is known. */
  async register (subject: string, schema: string, schemaType: 'AVRO' | 'PROTOBUF'): Promise<number> {
    const { id } = await this.#ask<{ id: number }>(`/subjects/${encodeURIComponent(subject)}/versions`, {
      method: 'POST', body: JSON.stringify({ schema, schemaType })
    })
    return id
  }

  /**
   * Returns a cache of compiled schemas. A schema is fetched once, also for many messages at a time; when that fails,
   * the next message asks again.
   */
  compiled<T> (compile: (schema: string) => T): (id: number) => T | Promise<T> {
    const ready = new Map<number, T>()
    const fetching = new Map<number, Promise<T>>()
    const load = async (id: number): Promise<T> => {
      try {
        const { schema } = await this.#ask<{ schema: string }>(`/schemas/ids/${id}`)
        const compiled = compiledBy(compile, schema)
        ready.set(id, compiled)
        return compiled
      } catch (error) {
        // The sender's fault: its message becomes a dead letter.
        if (error instanceof UnknownSchema) throw error
        // Not the message's fault: it waits, and so do those behind it, until the registry answers.
        throw new NackMessage({ cause: error })
      } finally {
        fetching.delete(id)
      }
    }
    return (id) => {
      const known = ready.get(id) ?? fetching.get(id)
      if (known !== undefined) return known
      const request = load(id)
      fetching.set(id, request)
      return request
    }
  }

  async #ask<T> (path: string, init: RequestInit = {}): Promise<T> {
    const headers = { accept: TYPE, 'content-type': TYPE }
    const response = await fetch(this.#url + path, { ...init, headers, signal: AbortSignal.timeout(this.#timeout) })
    if (response.status === 404) throw new UnknownSchema(`the registry has no ${path}`)
    if (!response.ok) throw new Error(`the registry answered ${response.status} to ${path}`)
    return await response.json() as T
  }
}

/** A schema that the registry does not have, or that is none. */
class UnknownSchema extends Error {}

function compiledBy<T> (compile: (schema: string) => T, schema: string): T {
  try {
    return compile(schema)
  } catch (cause) {
    throw new UnknownSchema('the registry has a schema that cannot be read', { cause })
  }
}

/** The wire format of a registry: a magic byte, the id of the schema in 4 bytes, and what the schema describes. */
export function frame (id: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER)
  header.writeUInt8(MAGIC)
  header.writeUInt32BE(id, 1)
  return Buffer.concat([header, body])
}

export function unframe (bytes: Buffer): { id: number, body: Buffer } {
  if (bytes.length < HEADER || bytes[0] !== MAGIC) throw new Error('it is not in the wire format of a schema registry')
  return { id: bytes.readUInt32BE(1), body: bytes.subarray(HEADER) }
}
