import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import type { AsyncapiDocument } from '../../types/asyncapi.js'
import { FASTSTREAM_ERR_ASYNCAPI } from '../errors.js'

/** One form of the document, as it leaves. */
export interface Rendition {
  readonly text: string
  readonly etag: string
}

/** The document of one app: made once, when everything is declared. */
export class AppDocument {
  readonly #create: () => AsyncapiDocument
  #json: Rendition | undefined
  #yaml: Rendition | undefined
  complete = false

  constructor (create: () => AsyncapiDocument) {
    this.#create = create
  }

  /** A copy: who gets it may change it. */
  value (): AsyncapiDocument {
    return JSON.parse(this.json().text)
  }

  /** @throws FASTSTREAM_ERR_ASYNCAPI before everything is declared */
  json (): Rendition {
    if (!this.complete) throw new FASTSTREAM_ERR_ASYNCAPI('the app may declare more yet: await ready() first')
    this.#json ??= rendition(JSON.stringify(this.#create()))
    return this.#json
  }

  yaml (): Rendition {
    // Readers of YAML 1.1 take an unquoted yes for true.
    this.#yaml ??= rendition(stringify(this.value(), { aliasDuplicateObjects: false, lineWidth: 0, compat: 'yaml-1.1' }))
    return this.#yaml
  }
}

function rendition (text: string): Rendition {
  return { text, etag: `"${createHash('sha256').update(text).digest('base64url')}"` }
}
