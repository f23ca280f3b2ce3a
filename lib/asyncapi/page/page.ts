import { el, whenOpened, type Child } from './dom.js'
import { intro } from './intro.js'
import { show } from './json.js'
import type { Kind, Model } from './model.js'
import { operationView, type OperationView } from './operation.js'
import { followRoute, operationHash, schemaHash } from './route.js'
import { schemaTree } from './schema.js'
import { createSearch } from './search.js'
import { createSidebar } from './sidebar.js'
import { themeSwitch } from './theme.js'

const SECTIONS: ReadonlyArray<readonly [Kind, string]> = [['receive', 'Receives'], ['send', 'Sends'], ['dead-letter', 'Dead letters']]
/** So few are open at once: nobody needs to choose among them. */
const FEW = 6

export function createPage (model: Model, base: URL): Child[] {
  const { publish, openapi, logo } = document.documentElement.dataset
  const views = model.operations.map((operation) => operationView(operation, model, publish === undefined ? undefined : new URL('publish/', base), find))
  const schemas = new Map(model.schemas.map(({ name, schema }) => [schemaHash(name), { name, element: schemaView(name, schema, model) }]))
  const sections = SECTIONS.map(([kind, title]) => section(title, views.filter(({ operation }) => operation.kind === kind)))
  const status = el('p', { class: 'status', role: 'status' })
  const openAll = el('button', { type: 'button', onclick: toggleAll }, 'Open all')
  const search = createSearch(narrow, () => { location.hash = operationHash(views.find(({ element }) => !element.hidden)?.operation.id ?? '') })
  const sidebar = createSidebar([
    ...SECTIONS.map(([kind, title]) => ({ title, entries: model.operations.filter((operation) => operation.kind === kind).map(({ id, title, channel }) => ({ hash: operationHash(id), title, note: channel.address })) })),
    { title: 'Schemas', entries: model.schemas.map(({ name }) => ({ hash: schemaHash(name), title: name })) }
  ])
  const shownSchemas = el('section', { hidden: schemas.size === 0 }, el('h2', {}, 'Schemas'), ...[...schemas.values()].map(({ element }) => element))

  narrow([])
  if (views.length <= FEW) for (const { element } of views) element.open = true
  queueMicrotask(() => { followRoute(go) })
  return [
    el('a', { class: 'skip', href: '#main' }, 'Skip to the operations'),
    el('header', { class: 'bar' },
      el('a', { class: 'brand', href: '#/' }, logo !== undefined && el('img', { src: new URL(logo, base).href, alt: '' }), el('span', { dir: 'auto' }, show(model.info.title ?? 'AsyncAPI'))),
      search.element,
      el('nav', { 'aria-label': 'Other forms' }, openapi !== undefined && el('a', { href: new URL(openapi, base).href }, 'HTTP'), el('a', { href: new URL('json', base).href }, 'JSON'), el('a', { href: new URL('yaml', base).href }, 'YAML')),
      themeSwitch()
    ),
    el('div', { class: 'layout' }, sidebar.element, el('main', { id: 'main', tabindex: -1 }, intro(model), el('div', { class: 'toolbar' }, status, openAll), ...sections, shownSchemas))
  ]

  function toggleAll (): void {
    const open = views.some(({ element }) => !element.hidden && !element.open)
    for (const { element } of views) if (!element.hidden) element.open = open
    openAll.textContent = open ? 'Close all' : 'Open all'
  }

  function find (word: string): void {
    search.find(word)
    scrollTo({ top: 0 })
  }

  function narrow (words: readonly string[]): void {
    for (const { operation, element } of views) element.hidden = !words.every((word) => operation.haystack.includes(word))
    const found = views.filter(({ element }) => !element.hidden)
    for (const section of sections) {
      const shown = section.querySelectorAll('.operation:not([hidden])').length
      section.hidden = shown === 0
      section.querySelector('.count')?.replaceChildren(String(shown))
    }
    for (const { name, element } of schemas.values()) element.hidden = !words.every((word) => name.toLowerCase().includes(word))
    const foundSchemas = [...schemas].filter(([, { element }]) => !element.hidden)
    shownSchemas.hidden = foundSchemas.length === 0
    sidebar.narrow(new Set([...found.map(({ operation }) => operationHash(operation.id)), ...foundSchemas.map(([hash]) => hash)]))
    status.textContent = words.length === 0 ? count(views.length, 'operation') : `${found.length} of ${count(views.length, 'operation')}`
  }

  function go (hash: string): void {
    const target = (schemas.get(hash) ?? views.find(({ operation }) => operationHash(operation.id) === hash))?.element
    sidebar.mark(hash)
    if (target === undefined) return
    if (target.hidden) search.find('')
    if (target.open) return reveal(target)
    // What is in it is there after that.
    target.addEventListener('toggle', () => { reveal(target) }, { once: true })
    target.open = true
  }
}

function section (title: string, views: readonly OperationView[]): HTMLElement {
  return el('section', {}, el('h2', {}, title, ' ', el('span', { class: 'count' })), ...views.map(({ element }) => element))
}

function schemaView (name: string, schema: unknown, { pointers }: Model): HTMLDetailsElement {
  const details = el('details', { class: 'operation' }, el('summary', {}, el('h3', { dir: 'auto' }, name)))
  whenOpened(details, () => [el('div', { class: 'body' }, schemaTree(schema, pointers, name))])
  return details
}

function reveal (details: HTMLDetailsElement): void {
  details.scrollIntoView()
  details.querySelector('summary')?.focus({ preventScroll: true })
}

function count (number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
