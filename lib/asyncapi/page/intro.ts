import { el, outbound, type Child } from './dom.js'
import { dictionary, lastSegment, list, show, text, type Dictionary, type Pointers } from './json.js'
import { markdown } from './markdown.js'
import type { Model } from './model.js'

/** Introduction of the page: name and description of the app, and its servers. */
export function intro ({ info, servers, pointers }: Model): HTMLElement {
  const { title, version, description } = info
  return el('section', { class: 'intro' },
    el(
      'h1',
      { dir: 'auto' },
      show(title ?? 'AsyncAPI'),
      version !== undefined && el('span', { class: 'version' }, show(version))
    ),
    text(description) !== undefined && markdown(show(description)),
    ...links(info),
    servers.length > 0 && el(
      'ul',
      { class: 'servers', 'aria-label': 'Clusters' },
      ...servers.map(({ name, server }) => serverItem(name, server, pointers))
    )
  )
}

function links (info: Dictionary): Child[] {
  const [contact, license, docs] = [dictionary(info.contact), dictionary(info.license), dictionary(info.externalDocs)]
  const found = [
    text(docs.url) !== undefined && outbound(show(docs.url), text(docs.description) ?? 'Documentation'),
    (text(contact.url) ?? text(contact.email)) !== undefined
      ? outbound(
        text(contact.url) ?? `mailto:${show(contact.email)}`, text(contact.name) ?? 'Contact'
      )
      : text(contact.name) !== undefined && el('span', {}, show(contact.name)),
    text(license.name) !== undefined && (
      text(license.url) === undefined
        ? el('span', {}, show(license.name))
        : outbound(
          show(license.url), show(license.name)
        )
    ),
    text(info.termsOfService) !== undefined && outbound(show(info.termsOfService), 'Terms of service')
  ].filter((link) => link !== false)
  return found.length === 0 ? [] : [el('p', { class: 'links' }, ...found)]
}

function serverItem (name: string, server: Dictionary, pointers: Pointers): HTMLElement {
  const { host, protocol, protocolVersion, title, description } = server
  const security = list(server.security).map(
    (scheme) => text(pointers.follow(scheme).description) ?? lastSegment(show(dictionary(scheme).$ref))
  )
  const facts = [show(protocol ?? ''), text(protocolVersion), ...security]
  return el('li', {},
    el('strong', {}, text(title) ?? name),
    el('code', {}, show(host ?? '')),
    el('span', { class: 'muted' }, facts.filter(Boolean).join(' · ')),
    text(description) !== undefined && markdown(show(description))
  )
}
