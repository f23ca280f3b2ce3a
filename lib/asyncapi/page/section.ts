import { el } from './dom.js'
import type { Group } from './groups.js'
import { markdown } from './markdown.js'
import type { OperationView } from './operation.js'

export interface SectionView {
  readonly element: HTMLElement
  /** Shows its title and count for what a search has left of it. */
  update (searching: boolean): void
}

/** A group of operations below its title. */
export function sectionView ({ title, description, folded }: Group, views: readonly OperationView[]): SectionView {
  const count = el('span', { class: 'count' })
  const heading = el('h2', { dir: 'auto' }, title, ' ', count)
  const operations = views.map(({ element }) => element)
  const about = description === undefined ? undefined : markdown(description)
  const details = folded ? el('details', { class: 'folded' }, el('summary', {}, heading), ...operations) : undefined
  const element = details === undefined
    ? el('section', { class: 'group-section' }, heading, about, ...operations)
    : el('section', { class: 'group-section' }, details)
  return { element, update }

  function update (searching: boolean): void {
    const shown = operations.filter((operation) => !operation.hidden).length
    element.hidden = shown === 0
    count.textContent = String(shown)
    // The search opens the sections of what it finds.
    if (details !== undefined && searching) details.open = shown > 0
  }
}
