import { el } from './dom.js'

/** One entry: where it leads, and what it says. */
export interface Entry {
  readonly hash: string
  readonly title: string
  /** Small, below it. */
  readonly note?: string
}

export interface Group {
  readonly title: string
  readonly entries: readonly Entry[]
}

export interface Sidebar {
  readonly element: HTMLElement
  /** Only the entries of these hashes. */
  narrow (hashes: ReadonlySet<string>): void
  /** Which is the one that is looked at. */
  mark (hash: string): void
}

export function createSidebar (groups: readonly Group[]): Sidebar {
  const links = new Map<string, HTMLAnchorElement>()
  const sections = groups.filter(({ entries }) => entries.length > 0).map(({ title, entries }) => {
    const items = entries.map(({ hash, title, note }) => {
      const link = el('a', { href: hash }, el('span', { dir: 'auto' }, title), note !== undefined && note !== title && el('code', {}, note))
      links.set(hash, link)
      return el('li', {}, link)
    })
    return el('section', {}, el('p', { 'aria-hidden': 'true' }, title), el('ul', { 'aria-label': title }, ...items))
  })
  return { element: el('nav', { class: 'sidebar', 'aria-label': 'Contents' }, ...sections), narrow, mark }

  function narrow (hashes: ReadonlySet<string>): void {
    for (const [hash, link] of links) (link.parentElement as HTMLElement).hidden = !hashes.has(hash)
    for (const section of sections) section.hidden = section.querySelector('li:not([hidden])') === null
  }

  function mark (hash: string): void {
    for (const [own, link] of links) {
      if (own === hash) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    }
    links.get(hash)?.scrollIntoView({ block: 'nearest' })
  }
}
