import { el } from './dom.js'
import type { Group } from './groups.js'
import { markdown } from './markdown.js'
import type { OperationView } from './operation.js'

export interface SectionView {
  readonly element: HTMLElement
  /** Shows the title with the number of operations that the search has found. */
  update (searching: boolean): void
}

/** Section of the page: a title and the operations of one group. */
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
    // The search opens each section in which it finds an operation.
    if (details !== undefined && searching) details.open = shown > 0
  }
}
