import { el, whenOpened, append } from '../dom.js'
import { dictionary, show, text } from '../json.js'
import { messageOf, placeOf, type Letter, type LettersApi } from './api.js'
import { lineOf } from './bytes.js'
import { discardForm } from './discard.js'
import { letterFacts, timeOf } from './facts.js'
import { redriveForm } from './redrive.js'

/** One letter of a list: a line that opens to all that is known of it. */
export function letterItem (api: LettersApi, letter: Letter): HTMLElement {
  const { all, partition, offset } = letter
  const known = dictionary(all.deadLetter)
  const { name, message } = dictionary(known.error)
  const key = lineOf(all.rawKey)
  const where = el('span', { class: 'where' },
    text(key) !== undefined && el('span', { class: 'key' }, 'key ', el('code', {}, key)),
    el('span', {}, `partition ${partition}, offset ${offset}`),
    el('span', {}, timeOf(all.timestamp)),
    Number(all.trips) > 0 && el('span', {}, `redriven ${show(all.trips)}×`),
    all.state === 'done' && el('span', {}, 'done')
  )
  const details = el('details', { class: 'letter' },
    el('summary', {},
      el('span', { class: 'badge' }, all.damaged === true ? 'damaged' : text(known.stage) ?? 'unknown'),
      el('span', { class: 'reason' }, [text(name), text(message)].filter(Boolean).join(': ') || 'no dead letter'),
      where
    )
  )
  const body = el('div', { class: 'body' })
  whenOpened(details, () => {
    load()
    return [body]
  })
  return details

  async function load (): Promise<void> {
    body.replaceChildren(el('p', { class: 'muted', role: 'status' }, 'The letter is read …'))
    try {
      const found = await api.show(letter)
      body.replaceChildren()
      append(body, letterFacts(found))
      if (all.state === 'open') append(body, [el('div', { class: 'letter-actions' }, ...mending())])
    } catch (error) {
      body.replaceChildren(el('p', { class: 'result failure', role: 'alert' }, messageOf(error)))
    }
  }

  function mending (): HTMLElement[] {
    const place = placeOf(letter)
    const done = (): void => { append(where, [el('span', {}, 'done')]) }
    return [
      redriveForm(api, 'this letter', () => ({ letters: [place] }), done),
      discardForm(api, 'this letter', () => [place], done)
    ]
  }
}
