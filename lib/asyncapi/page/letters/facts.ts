import { codeBlock, jsonBlock } from '../code.js'
import { el, type Child } from '../dom.js'
import { dictionary, list, show, text, type Dictionary } from '../json.js'
import { verdictOf, type Letter } from './api.js'
import { bytesView, lineOf } from './bytes.js'

/** All that is known of one letter. */
export function letterFacts ({ all }: Letter): Child[] {
  const known = dictionary(all.deadLetter)
  const { stack } = dictionary(known.error)
  return [
    all.damaged === true
      ? el('p', {}, 'The batch at this place is damaged: nothing of it can be read.')
      : verdictView(all.verdict),
    ...all.deadLetter === undefined ? [] : [factsTable(all, known), errorView(known), violations(known.validation)],
    text(stack) !== undefined && folded('Stack of the error', codeBlock('the stack', show(stack))),
    part('Value', bytesView('the value', all.rawValue)),
    part('Key', bytesView('the key', all.rawKey)),
    headersView('Headers of the message', all.messageHeaders),
    folded('All headers of the letter', headersView('', all.rawHeaders))
  ]
}

/** Whether the message would be taken now. */
function verdictView (value: unknown): Child {
  const { valid, violation } = verdictOf(value)
  if (valid === undefined) {
    return el('p', { class: 'verdict' }, 'No subscriber of this app can judge it: none reads its topic in its group.')
  }
  return valid
    ? el('p', { class: 'verdict valid' }, 'It matches the schema of its subscriber now.')
    : el('p', { class: 'verdict invalid' }, 'It would fail again: ', el('code', {}, violation))
}

function factsTable ({ dialect, trips }: Dictionary, known: Dictionary): HTMLElement {
  const rows: Array<[label: string, value: string | undefined]> = [
    ['Message', `${show(known.topic)}[${show(known.partition)}] ${show(known.offset)}`],
    ['Its time', timeOf(known.timestamp)],
    ['Group', text(known.groupId) ?? 'none'],
    ['Subscriber', text(known.subscriber)],
    ['Failed at', text(known.stage)],
    ['Attempts', show(known.attempts)],
    ['Redriven', trips === 0 ? 'never' : `${show(trips)} of 3 times`],
    ['First failure', timeOf(known.firstFailureAt)],
    ['Last failure', timeOf(known.failedAt)],
    ['Written by', dialect === 'faststream' ? undefined : text(dialect)],
    ['Left out', ['value', 'key', 'headers'].filter((name) => known[`${name}Omitted`] === true).join(', ') || undefined]
  ]
  return el('table', { class: 'facts' },
    el('caption', { class: 'unseen' }, 'What failed'),
    el('tbody', {}, ...rows.flatMap(([label, value]) => value === undefined
      ? []
      : [el('tr', {}, el('th', { scope: 'row' }, label), el('td', {}, value))]
    ))
  )
}

/** The error and the causes behind it. */
function errorView ({ error }: Dictionary): HTMLElement {
  const lines: Child[] = []
  for (let at = dictionary(error), depth = 0; depth < 8; at = dictionary(at.cause), depth++) {
    const { name, message, code, dependency } = at
    if (name === undefined) break
    lines.push(el('li', {},
      depth > 0 && 'caused by ',
      el('strong', {}, show(name)),
      ` ${show(message)} `,
      text(code) !== undefined && el('code', {}, show(code)),
      text(dependency) !== undefined && ` in the dependency '${show(dependency)}'`
    ))
  }
  return part('Error', el('ul', { class: 'causes' }, ...lines))
}

function violations (validation: unknown): Child {
  if (validation === undefined || validation === null) return undefined
  return part('Where it did not match the schema', jsonBlock('the violations', validation))
}

function headersView (title: string, headers: unknown): HTMLElement {
  const rows = list(headers).map((header) => {
    const [name, value] = list(header)
    const shown = lineOf(value) ?? bytesView(show(name), value)
    return el('tr', {}, el('th', { scope: 'row' }, el('code', {}, show(name))), el('td', {}, shown))
  })
  const table = rows.length === 0
    ? el('p', { class: 'muted' }, 'None')
    : el('table', { class: 'letter-headers' }, el('tbody', {}, ...rows))
  return title === '' ? table : part(title, table)
}

function part (title: string, ...children: readonly Child[]): HTMLElement {
  return el('div', { class: 'part' }, el('h5', {}, title), ...children)
}

function folded (title: string, child: HTMLElement): HTMLElement {
  return el('details', { class: 'example' }, el('summary', {}, title), child)
}

export function timeOf (value: unknown): string | undefined {
  const time = new Date(text(value) ?? NaN)
  return Number.isNaN(time.getTime()) ? undefined : time.toLocaleString()
}
