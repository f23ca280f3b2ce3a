import { byName, Names } from '../document/names.js'
import { Definition } from './definition.js'

export interface Reference {
  readonly $ref: string
}

/** `components.schemas`: definitions that say the same share a name, others have distinct ones. */
export class Components {
  readonly #names = new Names()
  readonly #schemas = new Map<string, unknown>()

  refer (definition: Definition): Reference {
    return { $ref: this.#pointer(definition) }
  }

  /** Returns the schema as it stands where it is used, unless it has a name of its own or refers to itself. */
  inline (definition: Definition): unknown {
    return definition.named || definition.referenced ? this.refer(definition) : this.#write(definition)
  }

  get schemas (): Record<string, unknown> {
    return byName(this.#schemas)
  }

  #pointer (definition: Definition): string {
    const name = this.#names.give(definition.name, definition.fingerprint)
    if (!this.#schemas.has(name)) {
      // Before its body, which may lead here again.
      this.#schemas.set(name, undefined)
      this.#schemas.set(name, this.#write(definition))
    }
    return `#/components/schemas/${name}`
  }

  #write ({ body }: Definition): unknown {
    const text = JSON.stringify(body, (_, value: unknown) => value instanceof Definition ? this.#pointer(value) : value)
    return JSON.parse(text)
  }
}
