import { el, icon } from './dom.js'
import { show } from './json.js'
import type { Model } from './model.js'
import { themeSwitch } from './theme.js'

/** Top bar of the page: the app's name, the search, and links to the document as JSON and YAML. */
export function topBar ({ info }: Model, search: HTMLElement, base: URL): HTMLElement {
  const { openapi, logo } = document.documentElement.dataset
  const title = show(info.title ?? 'AsyncAPI')
  const at = (path: string): string => new URL(path, base).href
  const link = (path: string, label: string): HTMLElement => el('a', { href: at(path) }, label)
  const file = `${fileName(title)}.asyncapi.yaml`
  const download = { download: file, 'aria-label': 'Download', title: 'Download the document' }
  return el('header', { class: 'bar' },
    el('a', { class: 'brand', href: '#/' },
      logo !== undefined && el('img', { src: at(logo), alt: '' }),
      el('span', { dir: 'auto' }, title)
    ),
    search,
    el('nav', { 'aria-label': 'Other forms' },
      openapi !== undefined && link(openapi, 'HTTP'),
      link('json', 'JSON'),
      link('yaml', 'YAML'),
      el('a', { class: 'quiet', href: at('yaml'), ...download }, icon('download'))
    ),
    themeSwitch()
  )
}

function fileName (title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60) || 'document'
}
