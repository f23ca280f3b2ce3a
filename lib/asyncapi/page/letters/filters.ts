import { el } from '../dom.js'
import type { Selection } from './api.js'

const STAGES = ['', 'deserialize', 'validate', 'retries-exhausted', 'rejected', 'publish']
const STATES = ['open', 'done', 'all']
const TEXTS = {
  topic: 'Topic of the message',
  group: 'Group',
  subscriber: 'Subscriber',
  error: 'Class of the error',
  code: 'Code of the error',
  key: 'Key'
}

export interface Filters {
  readonly element: HTMLElement
  /** The selection that the fields say. */
  selection (): Selection
  /** The letters to list: open ones, done ones, or all. */
  state (): string
}

/** Fields that select letters. `change` is called when one of them changes. */
export function createFilters (change: () => void): Filters {
  const stage = select(STAGES, 'Any step')
  const state = select(STATES, '')
  const texts = Object.entries(TEXTS).map(([name, label]) => {
    return { name, label, field: el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' }) }
  })
  const times = [['since', 'Written from'], ['until', 'Written before']].map(([name = '', label = '']) => {
    return { name, label, field: el('input', { type: 'datetime-local', step: 1 }) }
  })
  const active = el('span', { class: 'muted' })
  const clear = el('button', {
    type: 'button',
    onclick: () => {
      for (const { field } of [...texts, ...times]) field.value = ''
      stage.value = ''
      state.value = 'open'
      changed()
    }
  }, 'Clear the filters')
  const element = el('details', { class: 'filters', oninput: changed },
    el('summary', {}, 'Filters ', active),
    el('div', { class: 'fields' },
      el('label', {}, 'State', state),
      el('label', {}, 'Failed at', stage),
      ...[...texts, ...times].map(({ label, field }) => el('label', {}, label, field)),
      clear
    )
  )
  return { element, selection, state: () => state.value }

  function changed (): void {
    const shown = { ...state.value !== 'open' && { state: state.value }, ...selection() }
    active.textContent = Object.entries(shown).map(([name, value]) => `${name}: ${value}`).join(', ')
    change()
  }

  function selection (): Selection {
    const entries = [
      ['stage', stage.value],
      ...texts.map(({ name, field }) => [name, field.value]),
      ...times.map(({ name, field }) => [name, field.value === '' ? '' : new Date(field.value).toISOString()])
    ]
    return Object.fromEntries(entries.filter(([, value]) => value !== ''))
  }
}

function select (values: readonly string[], nothing: string): HTMLSelectElement {
  return el('select', {}, ...values.map((value) => el('option', { value }, value === '' ? nothing : value)))
}
