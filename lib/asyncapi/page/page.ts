import { topBar } from './bar.js'
import { codeBlock } from './code.js'
import { followCounters } from './counters.js'
import { el, whenOpened, type Child } from './dom.js'
import { flow } from './flow.js'
import { followScroll } from './follow-scroll.js'
import { groupsOf } from './groups.js'
import { intro } from './intro.js'
import { letterRoutes } from './letters/letters.js'
import type { Model, Operation } from './model.js'
import { operationView } from './operation.js'
import { followRoute, operationHash, schemaHash } from './route.js'
import { schemaTree } from './schema.js'
import { createSearch } from './search.js'
import { sectionView } from './section.js'
import { createSidebar, type Entry } from './sidebar.js'
import { typescriptOf } from './typescript.js'

/** Number of operations up to which all of them are open at first. */
const FEW = 6
/** Number of handlers up to which the page has the flow. A larger drawing is hard to read. */
const LARGEST_FLOW = 12

export function createPage (model: Model, base: URL): Child[] {
  const publishAt = document.documentElement.dataset.publish === undefined ? undefined : new URL('publish/', base)
  const doing = { publishAt, letterRoutes: letterRoutes(base) }
  const groups = groupsOf(model, (id) => doing.letterRoutes.has(id))
  const viewsOf = new Map(groups.map(
    (group) => [group, group.operations.map((operation) => operationView(operation, model, doing, find))]
  ))
  const views = [...viewsOf.values()].flat()
  const sections = [...viewsOf].map(([group, views]) => sectionView(group, views))
  const schemas = new Map(model.schemas.map(
    ({ name, schema }) => [schemaHash(name), { name, element: schemaView(name, schema, model) }]
  ))
  const map = overview(model)
  const status = el('p', { class: 'status', role: 'status' })
  const openAll = el('button', { type: 'button', onclick: toggleAll }, 'Open all')
  const search = createSearch(narrow, () => {
    location.hash = operationHash(views.find(({ element }) => !element.hidden)?.operation.id ?? '')
  })
  const sidebar = createSidebar([
    ...groups.map(({ title, operations, folded }) => ({ title, folded, entries: operations.map(entryOf) })),
    { title: 'Schemas', entries: model.schemas.map(({ name }) => ({ hash: schemaHash(name), title: name })) }
  ])
  const shownSchemas = el(
    'section',
    { hidden: schemas.size === 0 },
    el('h2', {}, 'Schemas'),
    ...[...schemas.values()].map(({ element }) => element)
  )
  const hashes = [...views.map(({ operation }) => operationHash(operation.id)), ...schemas.keys()]
  const scroll = followScroll(
    [...views, ...schemas.values()].map(({ element }) => element), (index) => { sidebar.mark(hashes[index] ?? '') }
  )

  narrow([])
  if (views.length <= FEW) for (const { element } of views) element.open = true
  queueMicrotask(() => { followRoute(go) })
  const counted = views.flatMap(({ operation: { id }, counters }) => {
    return counters === undefined ? [] : [[id, counters] as const]
  })
  if (counted.length > 0) followCounters(new URL('counters', base), new Map(counted))
  return [
    el('a', { class: 'skip', href: '#main' }, 'Skip to the operations'),
    topBar(model, search.element, base),
    el('div', { class: 'layout' }, sidebar.element, el('main', { id: 'main', tabindex: -1 },
      intro(model),
      map,
      el('div', { class: 'toolbar' }, status, openAll),
      ...sections.map(({ element }) => element),
      shownSchemas
    ))
  ]

  function toggleAll (): void {
    const open = views.some(({ element }) => !element.hidden && !element.open)
    for (const { element } of views) if (!element.hidden) element.open = open
    for (const details of document.querySelectorAll<HTMLDetailsElement>('main .folded')) details.open = open
    openAll.textContent = open ? 'Close all' : 'Open all'
  }

  function find (word: string): void {
    search.find(word)
    scrollTo({ top: 0 })
  }

  function narrow (words: readonly string[]): void {
    for (const { operation, element } of views) {
      element.hidden = !words.every((word) => operation.haystack.includes(word))
    }
    const found = views.filter(({ element }) => !element.hidden)
    if (map !== undefined) map.hidden = words.length > 0
    for (const section of sections) section.update(words.length > 0)
    for (const { name, element } of schemas.values()) {
      element.hidden = !words.every((word) => name.toLowerCase().includes(word))
    }
    const foundSchemas = [...schemas].filter(([, { element }]) => !element.hidden)
    shownSchemas.hidden = foundSchemas.length === 0
    sidebar.narrow(new Set([
      ...found.map(({ operation }) => operationHash(operation.id)), ...foundSchemas.map(([hash]) => hash)
    ]))
    status.textContent = words.length === 0
      ? count(
        views.length, 'operation'
      )
      : `${found.length} of ${count(views.length, 'operation')}`
  }

  function go (hash: string): void {
    const target = (schemas.get(hash) ?? views.find(({ operation }) => operationHash(operation.id) === hash))?.element
    scroll.pause()
    sidebar.mark(hash)
    if (target === undefined) return
    if (target.hidden) search.find('')
    const folded = target.closest<HTMLDetailsElement>('.folded')
    if (folded !== null) folded.open = true
    if (target.open) return reveal(target)
    // The contents exist only after the section was opened.
    target.addEventListener('toggle', () => { reveal(target) }, { once: true })
    target.open = true
  }
}

/** Entry of the sidebar. An operation without a title is named by its topic, and its group tells two of them apart. */
function entryOf ({ id, kind, title, channel, groupId }: Operation): Entry {
  const group = groupId === undefined ? undefined : `group ${groupId}`
  return { hash: operationHash(id), kind, title, note: title === channel.address ? group : channel.address }
}

/** Drawing of all handlers, if one of them has a result. */
function overview (model: Model): HTMLElement | undefined {
  const handlers = model.operations.filter(({ kind }) => kind === 'receive')
  if (handlers.length > LARGEST_FLOW || !handlers.some(({ publishes }) => publishes.length > 0)) return undefined
  return el('section', { class: 'overview' }, el('h2', {}, 'Flow'), flow(handlers, model, false))
}

function schemaView (name: string, schema: unknown, { pointers }: Model): HTMLDetailsElement {
  const details = el('details', { class: 'operation' }, el('summary', {}, el('h3', { dir: 'auto' }, name)))
  whenOpened(details, () => [el('div', { class: 'body' }, schemaTree(schema, pointers, name), typeOf(name, pointers))])
  return details
}

function typeOf (name: string, pointers: Model['pointers']): HTMLElement {
  const details = el('details', { class: 'snippets' }, el('summary', {}, 'TypeScript'))
  const $ref = `#/components/schemas/${name.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('%', '%25')}`
  whenOpened(
    details,
    () => [el('div', { class: 'body' }, codeBlock(`the type of ${name}`, typescriptOf({ $ref }, pointers, name)))]
  )
  return details
}

function reveal (details: HTMLDetailsElement): void {
  details.scrollIntoView()
  details.querySelector('summary')?.focus({ preventScroll: true })
}

function count (number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
