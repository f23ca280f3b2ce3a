import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { stringify } from 'yaml'
import type { AsyncapiDocument } from '../../../types/asyncapi.js'
import { FASTSTREAM_ERR_ASYNCAPI } from '../../errors.js'
import type { Created } from '../document/document.js'
import type { Origin } from '../document/operations.js'

/** One form of the document, as it leaves. */
export interface Rendition {
  readonly text: string
  readonly etag: string
  /** Compressed when it is asked for first. */
  gzip (): Buffer
}

/** The document of one app: made when everything is declared, and again after a late declaration. */
export class AppDocument {
  readonly #create: () => Created
  readonly #declared: () => number
  readonly #origins = new Map<string, Origin>()
  /** Number of declarations in the document. */
  #described = 0
  #json: Rendition | undefined
  #yaml: Rendition | undefined
  complete = false

  /** `declared`: the number of declarations so far. */
  constructor (create: () => Created, declared: () => number) {
    this.#create = create
    this.#declared = declared
  }

  /** A copy: who gets it may change it. */
  value (): AsyncapiDocument {
    return JSON.parse(this.json().text)
  }

  /** @throws FASTSTREAM_ERR_ASYNCAPI before everything is declared */
  json (): Rendition {
    if (!this.complete) throw new FASTSTREAM_ERR_ASYNCAPI('the app may declare more yet: await ready() first')
    const declared = this.#declared()
    if (this.#json === undefined || declared !== this.#described) {
      this.#json = this.#make()
      this.#yaml = undefined
      this.#described = declared
    }
    return this.#json
  }

  yaml (): Rendition {
    const value = this.value()
    // Readers of YAML 1.1 take an unquoted yes for true.
    const options = { aliasDuplicateObjects: false, lineWidth: 0, compat: 'yaml-1.1' } as const
    this.#yaml ??= rendition(stringify(value, options))
    return this.#yaml
  }

  /** What the operations describe, by their ids. */
  get origins (): ReadonlyMap<string, Origin> {
    this.json()
    return this.#origins
  }

  /** undefined: the document has no such operation. */
  origin (id: string): Origin | undefined {
    return this.origins.get(id)
  }

  /** The operations that send dead letters. */
  deadLetterOperations (): ReadonlyArray<{ readonly id: string, readonly broker: string }> {
    this.json()
    const operations = [...this.#origins].map(([id, { broker, parties }]) => ({ id, broker, parties }))
    return operations.filter(({ parties }) => parties.length === 0)
  }

  #make (): Rendition {
    const { document, origins } = this.#create()
    // What `transform` took out is not there.
    const operations = { ...document.operations }
    this.#origins.clear()
    for (const [id, origin] of origins) if (Object.hasOwn(operations, id)) this.#origins.set(id, origin)
    return rendition(JSON.stringify(document))
  }
}

export function rendition (text: string): Rendition {
  let compressed: Buffer | undefined
  return {
    text,
    etag: `"${createHash('sha256').update(text).digest('base64url')}"`,
    gzip () {
      compressed ??= gzipSync(text)
      return compressed
    }
  }
}
