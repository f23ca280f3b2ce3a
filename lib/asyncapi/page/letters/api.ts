import { dictionary, list, show, text, type Dictionary } from '../json.js'

/** Selection of letters, as the routes take it. */
export type Selection = Readonly<Record<string, unknown>>

export interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: string
}

/** A letter of a list, or with all that is known of it. */
export interface Letter extends Place {
  readonly all: Dictionary
}

/** Number of letters that a list asks for at once. */
const PAGE = 50
const REFUSALS: Readonly<Record<number, string>> = { 401: 'You are not signed in', 403: 'Not allowed' }

/** The routes of the dead letters of one broker. */
export class LettersApi {
  readonly #at: URL

  /** `at`: the address of the routes, without a slash behind it. */
  constructor (at: URL) {
    this.#at = at
  }

  /** @throws Error that says why the routes did not answer, as all of these functions */
  async list (selection: Selection, after: string | undefined): Promise<{ letters: Letter[], next?: string }> {
    const query = new URLSearchParams({ limit: String(PAGE), ...after !== undefined && { after } })
    for (const [name, value] of Object.entries(selection)) query.set(name, show(value))
    const answer = await this.#ask(`?${query}`)
    const next = text(answer.next)
    return { letters: list(answer.letters).map(letterOf), ...next !== undefined && { next } }
  }

  async show ({ topic, partition, offset }: Place): Promise<Letter> {
    return letterOf(await this.#ask(`/${encodeURIComponent(topic)}/${partition}/${offset}`))
  }

  async redrive (options: Selection): Promise<Report> {
    const { redriven, stopped, refused, verdicts } = await this.#ask('/redrive', options)
    return {
      redriven: Number(redriven),
      stopped: stopped === true,
      refused: list(refused).map((each) => show(dictionary(each).reason)),
      verdicts: list(verdicts).map((each) => ({ ...placeOf(dictionary(each)), ...verdictOf(each) }))
    }
  }

  /** Resolves with the number of letters that are done now. */
  async discard (letters: readonly Place[], reason: string): Promise<number> {
    return Number((await this.#ask('/discard', { letters, reason })).discarded)
  }

  async #ask (path: string, body?: Selection): Promise<Dictionary> {
    const post = body && {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
    }
    const response = await fetch(this.#at.href + path, post).catch(() => {
      throw new Error('The server could not be reached.')
    })
    const answer = dictionary(await response.json().catch(() => undefined))
    if (response.ok) return answer
    const why = REFUSALS[response.status] ?? 'The server could not do this'
    throw new Error(`${why} (${response.status}): ${text(answer.message) ?? 'it did not say why'}`)
  }
}

export interface Verdict {
  /** Undefined: no subscriber of the app reads the topic in the letter's group. */
  readonly valid: boolean | undefined
  readonly violation: string | undefined
}

export interface Report {
  readonly redriven: number
  /** True: there are more. */
  readonly stopped: boolean
  /** The reason for each letter that stays. */
  readonly refused: readonly string[]
  readonly verdicts: ReadonlyArray<Place & Verdict>
}

export function verdictOf (value: unknown): Verdict {
  const { valid, violation } = dictionary(value)
  return { valid: typeof valid === 'boolean' ? valid : undefined, violation: text(violation) }
}

export function placeOf ({ topic, partition, offset }: Dictionary | Place): Place {
  return { topic: show(topic), partition: Number(partition), offset: show(offset) }
}

function letterOf (value: unknown): Letter {
  const all = dictionary(value)
  return { ...placeOf(all), all }
}

export function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function count (number: number, word: string): string {
  return `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`
}
