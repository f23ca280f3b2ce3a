import { copyButton } from './copy.js'
import { el, type Child } from './dom.js'

/** Length of a text above which highlighting costs more than it helps. */
const LONGEST = 20_000
const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g

/** Block of highlighted JSON with a copy button. */
export function jsonBlock (what: string, value: unknown): HTMLElement {
  const text = JSON.stringify(value, null, 2) ?? ''
  return block(what, text, text.length > LONGEST ? [text] : coloured(text))
}

/** Block of plain text with a copy button: a command, or code of another language. */
export function codeBlock (what: string, text: string): HTMLElement {
  return block(what, text, [text])
}

function block (what: string, text: string, children: readonly Child[]): HTMLElement {
  return el(
    'div',
    { class: 'code' },
    copyButton(what, () => text),
    el('pre', { tabindex: 0, 'aria-label': what }, el('code', {}, ...children))
  )
}

function coloured (text: string): Child[] {
  const children: Child[] = []
  let end = 0
  for (const match of text.matchAll(TOKENS)) {
    const [all, string, colon, word] = match
    children.push(
      text.slice(end, match.index), el('span', { class: classOf(string, colon, word) }, string ?? all), colon
    )
    end = match.index + all.length
  }
  return [...children, text.slice(end)]
}

function classOf (string: string | undefined, colon: string | undefined, word: string | undefined): string {
  if (string !== undefined) return colon === undefined ? 'string' : 'name'
  return word === undefined ? 'number' : 'word'
}
