import { FASTSTREAM_ERR_INVALID_TOPIC } from '../errors.js'
import { checkTopic } from './topic-name.js'

/** Parts of a topic that a pattern names; undefined where a group of a RegExp took no part in the match. */
export type TopicParams = Readonly<Record<string, string | undefined>>

/** A placeholder, and its name. */
export const PLACEHOLDER = /\{([^{}]*)\}/g
/** A named group of a RegExp. */
const GROUP = /\(\?<(\w+)>/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const NO_PARAMS: TopicParams = Object.freeze({})
/** Kafka's own topics, such as those of its offsets and transactions. */
const INTERNAL = '__'

/** A pattern of topics: a RegExp, or text with placeholders. A prefix may stand before it. */
export class TopicPattern {
  /** As errors, logs and the document show it: `orders.{region}`, `/^orders\./`. */
  readonly text: string
  /** Text with placeholders, behind its prefix; undefined: it is a RegExp. */
  readonly address: string | undefined
  readonly #prefix: string
  readonly #regexp: RegExp
  readonly #params = new Map<string, TopicParams>()

  constructor (prefix: string, regexp: RegExp, written?: string) {
    this.#prefix = prefix
    this.#regexp = regexp
    this.address = written === undefined ? undefined : prefix + written
    this.text = this.address ?? `${prefix}${regexp}`
    Object.freeze(this)
  }

  /**
   * Returns the pattern that was written as a topic; undefined for a name.
   *
   * @throws FASTSTREAM_ERR_INVALID_TOPIC
   */
  static of (written: unknown): TopicPattern | undefined {
    // A search that goes on where the last one ended would answer differently each time.
    if (written instanceof RegExp) return new TopicPattern('', withoutState(written))
    if (typeof written !== 'string' || !/[{}]/.test(written)) return undefined
    return new TopicPattern('', regexpOf(written), written)
  }

  /** The same pattern in a scope or router with a prefix. The RegExp is compared with what stands behind the prefix. */
  behind (prefix: string): TopicPattern {
    const written = this.address?.slice(this.#prefix.length)
    return prefix === '' ? this : new TopicPattern(prefix + this.#prefix, this.#regexp, written)
  }

  /** False for each internal topic. */
  matches (topic: string): boolean {
    if (topic.startsWith(INTERNAL) || !topic.startsWith(this.#prefix)) return false
    return this.#regexp.test(topic.slice(this.#prefix.length))
  }

  /** Returns what the placeholders, or the named groups of the RegExp, stand for in a topic that matches. */
  params (topic: string): TopicParams {
    let params = this.#params.get(topic)
    if (params === undefined) {
      const groups = this.#regexp.exec(topic.slice(this.#prefix.length))?.groups
      params = groups === undefined ? NO_PARAMS : Object.freeze({ ...groups })
      this.#params.set(topic, params)
    }
    return params
  }

  /** Names of the placeholders, or of the groups of the RegExp: a placeholder is such a group, too. */
  get names (): readonly string[] {
    return Array.from(this.#regexp.source.matchAll(GROUP), ([, name = '']) => name)
  }

  /**
   * The pattern of the topics that a function makes of those of this pattern, such as their dead-letter topics;
   * undefined where that cannot be told.
   */
  mapped (make: (topic: string) => string | undefined): string | undefined {
    if (this.address === undefined) return undefined
    // A function of topics may take names of topics only.
    const mark = (name: string): string => `placeholder-${name}-`
    try {
      const made = make(this.address.replace(PLACEHOLDER, (_, name: string) => mark(name)))
      return this.names.reduce((text, name) => text?.replaceAll(mark(name), `{${name}}`), made)
    } catch {
      return undefined
    }
  }
}

function withoutState ({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''))
}

/** A placeholder stands for a part of a topic that has no dot. */
function regexpOf (written: string): RegExp {
  const names: string[] = []
  const source = written.split(PLACEHOLDER).map((part, index) => {
    // The parts at odd places are the names.
    if (index % 2 === 0) return part.replace(/[.\\^$*+?()[\]|]/g, '\\$&')
    if (!NAME.test(part)) throw refusal(written, `has a placeholder '{${part}}' whose name is no identifier`)
    if (names.includes(part)) throw refusal(written, `has two placeholders '{${part}}'`)
    names.push(part)
    return `(?<${part}>[^.]+)`
  }).join('')
  if (/\}\{/.test(written)) throw refusal(written, 'has two placeholders without anything between them')
  const rest = written.replace(PLACEHOLDER, 'x')
  checkTopic(rest, ` (it is '${written}' with 'x' in place of each placeholder)`)
  return new RegExp(`^${source}$`)
}

function refusal (written: string, reason: string): Error {
  return new FASTSTREAM_ERR_INVALID_TOPIC(written, reason)
}
