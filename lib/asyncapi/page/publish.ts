import { el, type Child } from './dom.js'
import { exampleOf } from './example.js'
import { dictionary, list, show, text, type Dictionary, type Pointers } from './json.js'
import { samplesOf, type Sample } from './message.js'
import type { Message, Model, Operation } from './model.js'

/** Form that sends one message as the operation does, and shows the result. */
export function publishForm (operation: Operation, { pointers }: Model, publishAt: URL): HTMLElement {
  const { address } = operation.channel
  const samples = operation.messages.flatMap((message) => samplesOf(message, pointers).map((sample) => ({
    ...sample, key: keyOf(message, operation, pointers)
  })))
  const value = el('textarea', { rows: 8, spellcheck: 'false', class: 'mono' })
  const tombstone = el('input', { type: 'checkbox', onchange: () => { value.disabled = tombstone.checked } })
  const key = el('input', {
    type: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: operation.kind === 'send' ? 'As the publisher makes it' : 'None'
  })
  const headers = el('div', { class: 'headers' })
  const button = el('button', { type: 'submit', class: 'primary' }, 'Publish to ', el('code', {}, address))
  const result = el('div', { class: 'result', role: 'status', 'aria-live': 'polite' })
  const form = el('form', { class: 'publish', onsubmit: (event) => { event.preventDefault(); submit() } },
    samples.length > 1 && el('label', {}, 'Begin with', startingPoints()),
    el('label', {}, 'Value, as JSON', value),
    el('label', { class: 'inline' }, tombstone, 'Without a value: a tombstone'),
    el('label', {}, 'Key', key),
    el(
      'fieldset',
      {},
      el('legend', {}, 'Headers'),
      headers,
      el('button', { type: 'button', onclick: () => { addHeader('', '').focus() } }, 'Add a header')
    ),
    button,
    result
  )
  begin(samples[0])
  return el('details', { class: 'publishing' }, el('summary', {}, 'Publish a message'), form)

  function startingPoints (): HTMLSelectElement {
    const select = el(
      'select',
      { onchange: () => { begin(samples[select.selectedIndex]) } },
      ...samples.map(({ label }) => el('option', {}, label))
    )
    return select
  }

  function begin (sample: Sample & { readonly key: string } | undefined): void {
    value.value = sample?.value === undefined ? '' : JSON.stringify(sample.value, null, 2)
    key.value = sample?.key ?? ''
    headers.replaceChildren()
    for (const [name, value] of Object.entries(sample?.headers ?? {})) addHeader(name, show(value))
  }

  function addHeader (name: string, value: string): HTMLInputElement {
    const first = el('input', {
      type: 'text', 'aria-label': 'Name of the header', placeholder: 'name', value: name, autocomplete: 'off'
    })
    const row = el(
      'div',
      { class: 'header' },
      first,
      el('input', {
        type: 'text', 'aria-label': 'Value of the header', placeholder: 'value', value, autocomplete: 'off'
      }),
      el('button', { type: 'button', 'aria-label': 'Remove the header', onclick: () => { row.remove() } }, '×')
    )
    headers.append(row)
    return first
  }

  async function submit (): Promise<void> {
    if (button.ariaDisabled === 'true') return
    // A button with `disabled` loses the focus, and a keyboard user would lose the place on the page.
    button.ariaDisabled = 'true'
    result.className = 'result'
    result.replaceChildren('Publishing …')
    const { ok, content } = await send(operation.id, publishAt, message).catch((error: unknown) => ({
      ok: false, content: [String(error instanceof Error ? error.message : error)] as Child[]
    }))
    result.className = ok ? 'result success' : 'result failure'
    result.replaceChildren(...content.filter((child) => child !== undefined && child !== false).map(
      (child) => child instanceof Node ? child : String(child)
    ))
    button.ariaDisabled = 'false'
  }

  function message (): Dictionary {
    const pairs = headerPairs()
    return {
      value: tombstone.checked ? null : parse(value.value),
      ...(key.value !== '' && { key: key.value }),
      ...(pairs.size > 0 && { headers: Object.fromEntries(pairs) })
    }
  }

  /** Values of headers by name. A header may occur several times. */
  function headerPairs (): Map<string, string | string[]> {
    const pairs = new Map<string, string | string[]>()
    for (const row of headers.children) {
      const [name = '', value = ''] = [...row.querySelectorAll('input')].map((input) => input.value)
      if (name !== '') pairs.set(name, pairs.has(name) ? [pairs.get(name) ?? [], value].flat() : value)
    }
    return pairs
  }
}

/** Returns the key that the form begins with. A publisher computes its key; a subscriber needs one that it accepts. */
function keyOf ({ key }: Message, { kind }: Operation, pointers: Pointers): string {
  const example = kind === 'receive' && key !== undefined ? exampleOf(key, pointers) : undefined
  return typeof example === 'string' ? example : ''
}

function parse (json: string): unknown {
  const value = tryParse(json)
  if (value === null) throw new Error('null is a tombstone: tick the box if that is what you want.')
  return value
}

function tryParse (json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new Error(`The value is no JSON: ${(error as Error).message}`)
  }
}

async function send (
  id: string, publishAt: URL, message: () => Dictionary
): Promise<{ ok: boolean, content: Child[] }> {
  const response = await fetch(new URL(encodeURIComponent(id), publishAt), {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(message())
  })
  const answer = dictionary(await response.json().catch(() => undefined))
  return { ok: response.ok, content: response.ok ? published(answer) : refused(response.status, answer) }
}

function published ({ topic, partition, offset, timestamp }: Dictionary): Child[] {
  return [
    el('strong', {}, 'Published'),
    ` to ${show(topic)}, partition `,
    el('code', {}, show(partition)),
    ', offset ',
    el('code', {}, show(offset)),
    timestamp !== undefined && ` at ${new Date(show(timestamp)).toLocaleTimeString()}`
  ]
}

function refused (status: number, { message, code, violations }: Dictionary): Child[] {
  const places = list(violations).map(dictionary)
  return [
    el('strong', {}, `Not published (${status})`),
    places.length === 0 && el('p', {}, text(message) ?? 'The server did not say why.'),
    places.length > 0 && el(
      'ul',
      {},
      ...places.map(({ part, path, message }) => el(
        'li', {}, el('code', {}, `${show(part ?? 'value')}${show(path ?? '')}`), ` ${show(message)}`
      ))
    ),
    text(code) !== undefined && el('code', {}, show(code))
  ]
}
