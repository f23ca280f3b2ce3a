import { el } from '../dom.js'
import { count, messageOf, type Letter, LettersApi, type Selection } from './api.js'
import { discardForm } from './discard.js'
import { createFilters } from './filters.js'
import { letterItem } from './item.js'
import { redriveForm } from './redrive.js'

/** The addresses of the routes of letters, by the id of the operation that sends them; empty without routes. */
export function letterRoutes (base: URL): ReadonlyMap<string, URL> {
  const { letters = '{}' } = document.documentElement.dataset
  return new Map(Object.entries<string>(JSON.parse(letters)).map(([id, path]) => [id, new URL(path, base)]))
}

/** The letters of one dead-letter topic: lists, shows, redrives and discards them. */
export function lettersView (topic: string, at: URL): HTMLElement {
  const api = new LettersApi(at)
  const filters = createFilters(forget)
  const status = el('div', { class: 'result', role: 'status' })
  const items = el('ul', { class: 'letter-list', 'aria-label': `Letters of ${topic}` })
  const more = el('button', { type: 'button', hidden: true, onclick: () => { list(next) } }, 'List more')
  const button = el('button', { type: 'submit', class: 'primary' }, 'List the letters')
  const mending = el('div', { class: 'letter-actions', hidden: true },
    redriveForm(api, 'all that the filters select', selection, refresh),
    discardForm(api, 'what is listed', () => listed.filter(({ all }) => all.state === 'open'), refresh)
  )
  const form = el('form', { onsubmit: (event) => { event.preventDefault(); list(undefined) } }, filters.element, button)
  let listed: Letter[] = []
  let next: string | undefined
  return el('section', { class: 'letters' }, el('h4', {}, 'Letters'), form, status, items, more, mending)

  /** What is listed belongs to other filters. */
  function forget (): void {
    listed = []
    items.replaceChildren()
    say('', '')
    more.hidden = mending.hidden = true
  }

  function selection (): Selection {
    return { deadLetterTopic: topic, ...filters.selection() }
  }

  function refresh (): void {
    list(undefined)
  }

  async function list (after: string | undefined): Promise<void> {
    if (button.ariaDisabled === 'true') return
    button.ariaDisabled = 'true'
    say('', 'The letters are read …')
    try {
      const page = await api.list({ ...selection(), state: filters.state() }, after)
      if (after === undefined) {
        listed = []
        items.replaceChildren()
      }
      listed.push(...page.letters)
      items.append(...page.letters.map((letter) => el('li', {}, letterItem(api, letter))))
      // What an action has said stays when its letters are gone.
      if (page.letters.some(({ all }) => all.state === 'open')) mending.hidden = false
      next = page.next
      more.hidden = next === undefined
      say('', told())
    } catch (error) {
      say('failure', messageOf(error))
    }
    button.ariaDisabled = 'false'
  }

  function told (): string {
    if (listed.length > 0) return next === undefined ? count(listed.length, 'letter') : `The first ${listed.length}`
    return next === undefined ? 'There are none.' : 'There are none so far, and more are to be looked at.'
  }

  function say (state: string, text: string): void {
    status.className = `result ${state}`
    status.textContent = text
  }
}
