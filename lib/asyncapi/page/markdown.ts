import type { Nodes, Parents } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { el, outbound, type Child } from './dom.js'

/** Depth of nested blocks above which a description is shown as plain text. */
const DEEPEST = 12
const LONGEST = 50_000

/** Renders CommonMark. HTML in it is shown as text. */
export function markdown (source: string): HTMLElement {
  return el(
    'div', { class: 'markdown', dir: 'auto' }, ...source.length > LONGEST ? [source] : build(fromMarkdown(source), 0)
  )
}

function build (node: Nodes, depth: number): Child[] {
  if (depth > DEEPEST) return ['…']
  const children = (): Child[] => (node as Parents).children.flatMap((child) => build(child, depth + 1))
  switch (node.type) {
    case 'root': return children()
    case 'paragraph': return [el('p', {}, ...children())]
    // Headings of a description would break the order of the page's own headings.
    case 'heading': return [el('p', {}, el('strong', {}, ...children()))]
    case 'strong': return [el('strong', {}, ...children())]
    case 'emphasis': return [el('em', {}, ...children())]
    case 'inlineCode': return [el('code', {}, node.value)]
    case 'code': return [el('pre', { tabindex: 0 }, el('code', {}, node.value))]
    case 'blockquote': return [el('blockquote', {}, ...children())]
    case 'list': return [
      node.ordered === true ? el('ol', { start: node.start ?? 1 }, ...children()) : el('ul', {}, ...children())
    ]
    case 'listItem': return [el('li', {}, ...children())]
    case 'thematicBreak': return [el('hr')]
    case 'break': return [el('br')]
    case 'link': return [outbound(node.url, ...children())]
    // A description must not make the browser fetch an image.
    case 'image': return [outbound(node.url, node.alt || node.url)]
    case 'definition': return []
    case 'linkReference': return children()
    default: return 'value' in node ? [node.value] : []
  }
}
