export type Child = Node | string | number | undefined | false

/** Attributes of an element. A member that is a function is an event listener, for example `onclick`. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>

/**
 * Creates an element. All elements of the page come from here: text of the document becomes text nodes and
 * attributes, never markup.
 */
export function el<Tag extends keyof HTMLElementTagNameMap> (
  tag: Tag, attributes: Attributes = {}, ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value))
  }
  append(element, children)
  return element
}

export function append (parent: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child !== undefined && child !== false) parent.append(child instanceof Node ? child : String(child))
  }
}

/** Paths of the icons, in a square of 16 units. */
const ICONS = {
  sun: 'M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M8 .8v1.4M8 13.8v1.4M.8 8h1.4M13.8 8h1.4' +
    'M2.9 2.9l1 1M12.1 12.1l1 1M2.9 13.1l1-1M12.1 3.9l1-1',
  moon: 'M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3',
  search: 'M7 2.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6M10.6 10.6 14 14',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  link: 'M6.7 9.3l2.6-2.6M7.5 4.7 9 3.2a2.7 2.7 0 0 1 3.8 3.8l-1.5 1.5M8.5 11.3 7 12.8A2.7 2.7 0 0 1 3.2 9l1.5-1.5',
  done: 'M3 8.5 6.5 12 13 4.5',
  download: 'M8 2v8.5M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11'
}

export function icon (name: keyof typeof ICONS): SVGElement {
  return svg('svg', { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' }, svg('path', { d: ICONS[name] }))
}

/** Creates an SVG element, as `el` creates an HTML element. */
export function svg (
  tag: keyof SVGElementTagNameMap, attributes: Readonly<Record<string, string | number>>, ...children: readonly Child[]
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  append(element, children)
  return element
}

/** Addresses that a browser opens without running code. */
const SAFE = /^(https?:|mailto:|#|\/|\.|[^:]*$)/i

export function safeUrl (url: string): string | undefined {
  // A browser removes control characters before it reads the scheme.
  const clean = [...url].filter((character) => character > ' ').join('')
  return SAFE.test(clean) ? clean : undefined
}

/** Link that leaves the page. An address with another scheme becomes plain text. */
export function outbound (url: string, ...children: readonly Child[]): HTMLElement {
  const href = safeUrl(url)
  return href === undefined ? el('span', {}, ...children) : el('a', { href, rel: 'noopener noreferrer' }, ...children)
}

/** Creates the contents of a `<details>` element when the reader opens it for the first time. */
export function whenOpened (details: HTMLDetailsElement, make: () => readonly Child[]): void {
  details.addEventListener('toggle', () => { append(details, make()) }, { once: true })
}
