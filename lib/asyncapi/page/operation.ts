import { el, whenOpened, type Child } from './dom.js'
import { kafkaFacts } from './facts.js'
import { markdown } from './markdown.js'
import { messageCard } from './message.js'
import type { Kind, Message, Model, Operation } from './model.js'
import { publishForm } from './publish.js'

const VERBS: Readonly<Record<Kind, string>> = { receive: 'receives', send: 'sends', 'dead-letter': 'sends' }

export interface OperationView {
  readonly operation: Operation
  readonly element: HTMLDetailsElement
}

/** @param find searches for a word */
export function operationView (operation: Operation, model: Model, publishAt: URL | undefined, find: (word: string) => void): OperationView {
  const { id, kind, title, channel, groupId, deprecated } = operation
  const element = el('details', { class: `operation ${kind}` },
    el('summary', {},
      el('span', { class: 'action' }, VERBS[kind]),
      el('h3', { class: deprecated && 'deprecated', dir: 'auto' }, title),
      el('span', { class: 'where' }, el('code', { class: 'topic' }, channel.address), groupId !== undefined && el('span', { class: 'group', title: 'Consumer group' }, groupId)),
      deprecated && el('span', { class: 'badge' }, 'deprecated')
    )
  )
  element.id = `operation-${id}`
  whenOpened(element, () => [el('div', { class: 'body' }, ...body(operation, model, publishAt, find))])
  return { operation, element }
}

function body (operation: Operation, model: Model, publishAt: URL | undefined, find: (word: string) => void): Child[] {
  const { description, tags, channel, messages, reply, kind } = operation
  const about = description ?? channel.description
  return [
    about !== undefined && markdown(about),
    tags.length > 0 && tagList(tags, find),
    kafkaFacts(operation, model.operations),
    ...cards(messages, model),
    reply !== undefined && el('section', {}, el('h4', {}, 'Reply'), ...cards(reply.messages, model)),
    publishAt !== undefined && kind !== 'dead-letter' && publishForm(operation, model, publishAt)
  ]
}

function cards (messages: readonly Message[], { pointers }: Model): HTMLElement[] {
  return messages.map((message) => messageCard(message, pointers))
}

function tagList (tags: readonly string[], find: (word: string) => void): HTMLElement {
  return el('p', { class: 'tags' }, ...tags.map((tag) => el('button', { type: 'button', class: 'tag', title: `Search for ${tag}`, onclick: () => { find(tag) } }, tag)))
}
