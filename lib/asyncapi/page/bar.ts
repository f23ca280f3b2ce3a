import { el, icon, type Child } from './dom.js'
import { show } from './json.js'
import type { Model } from './model.js'
import { themeSwitch } from './theme.js'

/** The top of the page: its name, the search, and the other forms of the document. */
export function topBar ({ info }: Model, search: HTMLElement, base: URL): HTMLElement {
  const { openapi, logo } = document.documentElement.dataset
  const title = show(info.title ?? 'AsyncAPI')
  const link = (path: string, ...children: readonly Child[]): HTMLElement => el('a', { href: new URL(path, base).href }, ...children)
  return el('header', { class: 'bar' },
    el('a', { class: 'brand', href: '#/' }, logo !== undefined && el('img', { src: new URL(logo, base).href, alt: '' }), el('span', { dir: 'auto' }, title)),
    search,
    el('nav', { 'aria-label': 'Other forms' },
      openapi !== undefined && link(openapi, 'HTTP'),
      link('json', 'JSON'),
      link('yaml', 'YAML'),
      el('a', { class: 'quiet', href: new URL('yaml', base).href, download: `${fileName(title)}.asyncapi.yaml`, 'aria-label': 'Download', title: 'Download the document' }, icon('download'))
    ),
    themeSwitch()
  )
}

function fileName (title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60) || 'document'
}
