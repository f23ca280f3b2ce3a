import { el } from '../dom.js'
import { count, messageOf, placeOf, type LettersApi, type Place } from './api.js'

/** Number of letters for each request. */
const BATCH = 1000

/** A form that marks letters as done, with the reason. `places`: the letters that the person sees. */
export function discardForm (
  api: LettersApi, what: string, places: () => readonly Place[], done: () => void
): HTMLElement {
  const reason = el('input', { type: 'text', required: true, autocomplete: 'off' })
  const result = el('div', { class: 'result', role: 'status' })
  const button = el('button', { type: 'submit' }, 'Discard')
  const note = el('p', { class: 'muted' },
    'They stay in the topic and are listed as done; no redrive takes them. The log of the app has the reason.')
  const form = el('form', { class: 'discard', onsubmit: (event) => { event.preventDefault(); submit() } },
    note, el('label', {}, 'Reason', reason), button, result)
  const element = el('details', { class: 'mending', ontoggle: label }, el('summary', {}, `Discard ${what}`), form)
  return element

  function label (): void {
    button.textContent = `Discard ${count(places().length, 'letter')}`
  }

  async function submit (): Promise<void> {
    if (button.ariaDisabled === 'true') return
    button.ariaDisabled = 'true'
    const letters = places().map(placeOf)
    let discarded = 0
    try {
      for (let at = 0; at < letters.length; at += BATCH) {
        discarded += await api.discard(letters.slice(at, at + BATCH), reason.value)
      }
      result.className = 'result success'
      result.textContent = `${count(discarded, 'letter')} discarded.`
      done()
    } catch (error) {
      result.className = 'result failure'
      result.textContent = messageOf(error)
    }
    button.ariaDisabled = 'false'
  }
}
