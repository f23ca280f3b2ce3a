import { el, icon } from './dom.js'

export interface Search {
  readonly element: HTMLElement
  find (word: string): void
}

/** @param change is called with the words that all must be found, @param enter when one wants to go there */
export function createSearch (change: (words: readonly string[]) => void, enter: () => void): Search {
  const input = el('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Search operations, topics, messages, tags',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-keyshortcuts': '/',
    oninput: update
  })
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') enter()
    if (event.key === 'Escape') find('')
  })
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    event.preventDefault()
    input.select()
  })
  return {
    element: el(
      'search',
      {},
      el('label', { for: 'search', class: 'unseen' }, 'Search'),
      icon('search'),
      input,
      el('kbd', { 'aria-hidden': 'true' }, '/')
    ),
    find
  }

  function find (word: string): void {
    input.value = word
    update()
  }

  function update (): void {
    change(input.value.toLowerCase().split(/\s+/).filter((word) => word !== ''))
  }
}

function isTyping (target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null
}
