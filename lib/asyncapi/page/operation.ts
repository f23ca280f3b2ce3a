import { countersView, type CountersView } from './counters.js'
import { el, whenOpened, type Child } from './dom.js'
import { kafkaFacts } from './facts.js'
import { flow } from './flow.js'
import { lettersView } from './letters/letters.js'
import { markdown } from './markdown.js'
import { messageCard } from './message.js'
import type { Kind, Message, Model, Operation } from './model.js'
import { publishForm } from './publish.js'
import { snippets } from './snippets.js'

const VERBS: Readonly<Record<Kind, string>> = { receive: 'receives', send: 'sends', 'dead-letter': 'sends' }

export interface OperationView {
  readonly operation: Operation
  readonly element: HTMLDetailsElement
  /** Live figures of a subscriber, where the page has them. */
  readonly counters: CountersView | undefined
}

/** Addresses of what a person can do with operations, where the app offers it. */
export interface Doing {
  readonly publishAt: URL | undefined
  /** The routes of dead letters, by the id of the operation that sends them. */
  readonly letterRoutes: ReadonlyMap<string, URL>
}

/** @param find searches for a word */
export function operationView (
  operation: Operation, model: Model, doing: Doing, find: (word: string) => void
): OperationView {
  const { id, kind, title, channel, groupId, deprecated } = operation
  const isUntitled = title === channel.address
  const isCounted = kind === 'receive' && document.documentElement.dataset.counters !== undefined
  const counters = isCounted ? countersView() : undefined
  const element = el('details', { class: `operation ${kind}` },
    el('summary', {},
      el('span', { class: 'action' }, VERBS[kind]),
      el(
        'h3',
        { class: deprecated && 'deprecated', dir: 'auto' },
        isUntitled ? el('code', { class: 'topic' }, title) : title
      ),
      el(
        'span',
        { class: 'where' },
        !isUntitled && el('code', { class: 'topic' }, channel.address),
        groupId !== undefined && el('span', { class: 'group', title: 'Consumer group' }, groupId),
        model.servers.length > 1 && el('span', { class: 'cluster' }, channel.clusters.join(', '))
      ),
      deprecated && el('span', { class: 'badge' }, 'deprecated'),
      counters?.element
    )
  )
  element.id = `operation-${id}`
  whenOpened(element, () => [el('div', { class: 'body' }, ...body(operation, model, doing, find))])
  return { operation, element, counters }
}

function body (operation: Operation, model: Model, doing: Doing, find: (word: string) => void): Child[] {
  const { id, description, tags, channel, messages, reply, kind } = operation
  const { publishAt } = doing
  const lettersAt = doing.letterRoutes.get(id)
  const about = description ?? channel.description
  return [
    about !== undefined && markdown(about),
    tags.length > 0 && tagList(tags, model, find),
    kind === 'receive' && flow([operation], model, true),
    lettersAt !== undefined && lettersView(channel.address, lettersAt),
    kafkaFacts(operation, model.operations),
    ...cards(messages, model),
    reply !== undefined && el('section', {}, el('h4', {}, 'Reply'), ...cards(reply.messages, model)),
    snippets(operation, model, publishAt),
    publishAt !== undefined && kind !== 'dead-letter' && channel.isOneTopic && publishForm(operation, model, publishAt)
  ]
}

function cards (messages: readonly Message[], { pointers }: Model): HTMLElement[] {
  return messages.map((message) => messageCard(message, pointers))
}

function tagList (names: readonly string[], { tags }: Model, find: (word: string) => void): HTMLElement {
  return el(
    'p',
    { class: 'tags' },
    ...names.map((tag) => el(
      'button',
      { type: 'button', class: 'tag', title: tags.get(tag) ?? `Search for ${tag}`, onclick: () => { find(tag) } },
      tag
    ))
  )
}
