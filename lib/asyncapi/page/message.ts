import { el, type Child } from './dom.js'
import { exampleOf } from './example.js'
import { dictionary, text, type Pointers } from './json.js'
import { jsonBlock } from './code.js'
import { markdown } from './markdown.js'
import type { Message } from './model.js'
import { schemaTree } from './schema.js'

/** Example of a message that a person could send: value, key and headers. */
export interface Sample {
  readonly label: string
  readonly value: unknown
  readonly headers: Readonly<Record<string, unknown>>
}

export function messageCard (message: Message, pointers: Pointers): HTMLElement {
  const { name, title, description, contentType } = message
  const parts: Array<[string, unknown]> = [
    ['Key', message.key], ['Headers', message.headers], ['Value', message.payload]
  ]
  const known = parts.filter(([, schema]) => schema !== undefined)
  return el('section', { class: 'message' },
    el(
      'h4',
      {},
      title ?? name,
      title !== undefined && title !== name && el('code', {}, name),
      contentType !== undefined && el('span', { class: 'muted' }, contentType)
    ),
    description !== undefined && markdown(description),
    el('div', { class: 'columns' },
      el(
        'div',
        {},
        ...known.map(([label, schema]) => el(
          'div', { class: 'part' }, el('h5', {}, label), schemaTree(schema, pointers)
        )),
        ...gaps(message)
      ),
      ...examples(message, pointers)
    )
  )
}

function gaps ({ payload, unknown }: Message): Child[] {
  const known = ['Key', 'Headers', 'Value'].filter((label) => unknown.includes(label.toLowerCase()))
  return [
    ...known.map((label) => el(
      'p', { class: 'muted' }, `${label}: a schema is declared, but its JSON Schema is not known.`
    )),
    payload === undefined && !known.includes('Value') && el(
      'p', { class: 'muted' }, 'The value may be anything: no schema is declared.'
    )
  ]
}

/** Returns the examples that the app declares, else one that the schema allows. */
export function samplesOf ({ examples, payload, headers }: Message, pointers: Pointers): Sample[] {
  if (examples.length > 0) {
    return examples.map((example, index) => ({
      label: text(example.summary) ?? text(example.name) ?? `Example ${index + 1}`,
      value: example.payload,
      headers: dictionary(example.headers)
    }))
  }
  if (payload === undefined) return []
  return [{
    label: 'Made from the schema',
    value: exampleOf(payload, pointers),
    headers: dictionary(headers === undefined ? undefined : exampleOf(headers, pointers))
  }]
}

function examples (message: Message, pointers: Pointers): Child[] {
  const samples = samplesOf(message, pointers)
  if (samples.length === 0) return []
  return [el(
    'div', { class: 'examples' }, el('h5', {}, samples.length === 1 ? 'Example' : 'Examples'), ...samples.map(example)
  )]
}

function example ({ label, value, headers }: Sample, index: number): HTMLElement {
  return el('details', { class: 'example', open: index === 0 },
    el('summary', {}, label),
    Object.keys(headers).length > 0 && jsonBlock('the headers of the example', headers),
    value !== undefined && jsonBlock('the example', value)
  )
}
