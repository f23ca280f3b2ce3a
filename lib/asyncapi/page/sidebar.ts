import { el } from './dom.js'
import type { Kind } from './model.js'

/** Entry of the sidebar: a link and its text. */
export interface Entry {
  readonly hash: string
  readonly title: string
  /** Small text below the entry. */
  readonly note?: string | undefined
  readonly kind?: Kind
}

export interface Group {
  readonly title: string
  /** True when the group is closed at first. */
  readonly folded?: boolean
  readonly entries: readonly Entry[]
}

export interface Sidebar {
  readonly element: HTMLElement
  /** Shows only the entries of these hashes. */
  narrow (hashes: ReadonlySet<string>): void
  /** Marks the section that is in view. */
  mark (hash: string): void
}

/** Distance between a marked entry and the edge of the sidebar, px. */
const MARGIN = 24

export function createSidebar (groups: readonly Group[]): Sidebar {
  const links = new Map<string, HTMLAnchorElement>()
  const sections = groups.filter(({ entries }) => entries.length > 0).map(({ title, entries, folded }) => {
    const items = entries.map(({ hash, title, note, kind }) => {
      const link = el(
        'a', { href: hash, class: kind }, el('span', { dir: 'auto' }, title), note !== undefined && el('code', {}, note)
      )
      links.set(hash, link)
      return el('li', {}, link)
    })
    const list = el('ul', { 'aria-label': title }, ...items)
    if (folded !== true) return el('section', {}, el('p', { 'aria-hidden': 'true' }, title), list)
    return el(
      'details',
      { class: 'folded' },
      el('summary', {}, title, ' ', el('span', { class: 'count' }, entries.length)),
      list
    )
  })
  const element = el('nav', { class: 'sidebar', 'aria-label': 'Contents' }, ...sections)
  return { element, narrow, mark }

  function narrow (hashes: ReadonlySet<string>): void {
    for (const [hash, link] of links) (link.parentElement as HTMLElement).hidden = !hashes.has(hash)
    for (const section of sections) section.hidden = section.querySelector('li:not([hidden])') === null
  }

  function mark (hash: string): void {
    for (const [own, link] of links) {
      if (own === hash) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    }
    const link = links.get(hash)
    if (link !== undefined) show(link)
  }

  /** Scrolls the sidebar alone: the page stays where it is. */
  function show (link: HTMLElement): void {
    const folded = link.closest('details')
    if (folded !== null) folded.open = true
    const [own, whole] = [link.getBoundingClientRect(), element.getBoundingClientRect()]
    if (own.top < whole.top) element.scrollTop += own.top - whole.top - MARGIN
    if (own.bottom > whole.bottom) element.scrollTop += own.bottom - whole.bottom + MARGIN
  }
}
