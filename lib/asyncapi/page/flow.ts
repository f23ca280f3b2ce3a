import { el, svg } from './dom.js'
import { BOX, columns, LONGEST, PADDING, tree, type FlowBox, type FlowRow, type Layout } from './flow-layout.js'
import { text } from './json.js'
import { isSameTopic, type Channel, type Kind, type Model, type Operation } from './model.js'
import { operationHash } from './route.js'

/** Width of the window below which the boxes stand in one column. */
const NARROW = matchMedia('(width < 48rem)')
const PHONE_WIDTH = 320

/** Drawing of the way of messages: topic, handler, topic of the results. `deadLetters` adds the dead-letter topics. */
export function flow (operations: readonly Operation[], model: Model, deadLetters: boolean): HTMLElement {
  const rows = operations.map((operation) => rowOf(operation, model, deadLetters))
  const what = operations.length === 1 ? `Flow of ${operations[0]?.title}` : 'Flow of the app'
  const draw = (): SVGElement => drawing(NARROW.matches ? tree(rows, PHONE_WIDTH) : columns(rows))
  const element = el('div', { class: 'flow', role: 'group', 'aria-label': what, tabindex: 0 }, draw())
  NARROW.addEventListener('change', () => { element.replaceChildren(draw()) })
  return element
}

function rowOf (operation: Operation, { operations }: Model, deadLetters: boolean): FlowRow {
  const { id, title, channel, publishes, consumer } = operation
  const failed = deadLetters ? text(consumer.deadLetterTopic) : undefined
  const box = (kind: FlowBox['kind'], topic: Channel, of: Kind): FlowBox => ({
    key: `${topic.servers.join()} ${topic.address}`,
    kind,
    label: topic.address,
    hash: hashOf(operations.find(({ kind, channel }) => kind === of && isSameTopic(channel, topic)))
  })
  return {
    source: box('topic', channel, 'send'),
    // An operation without a title has the topic as its heading, and the box on the left shows the topic already.
    handler: { key: id, kind: 'handler', label: title === channel.address ? id : title, hash: operationHash(id) },
    targets: [
      ...publishes.map((result) => box('result', result, 'send')),
      ...failed === undefined ? [] : [box('dead-letter', { ...channel, address: failed }, 'dead-letter')]
    ]
  }
}

function hashOf (operation: Operation | undefined): string | undefined {
  return operation === undefined ? undefined : operationHash(operation.id)
}

function drawing ({ width, height, boxes, arrows }: Layout): SVGElement {
  // SVG draws a border on the edge of its box, so half of the border is outside.
  const size = { width: width + 2, height: height + 2 }
  return svg('svg', { ...size, viewBox: `-1 -1 ${size.width} ${size.height}` },
    ...arrows.map(({ path, kind }) => svg('path', { class: `arrow ${kind}`, d: path })),
    ...arrows.map(({ x, y, kind }) => svg('path', { class: `tip ${kind}`, d: `M${x - 3} ${y - 4}l7 4-7 4z` })),
    ...boxes.map((box) => {
      return box.hash === undefined ? svg('g', {}, ...contents(box)) : svg('a', { href: box.hash }, ...contents(box))
    })
  )
}

function contents ({ kind, label, x, y, width }: Layout['boxes'][number]): SVGElement[] {
  const room = Math.min(LONGEST, Math.floor((width - 2 * PADDING) / 7.2))
  const cut = label.length > room ? `${[...label].slice(0, Math.max(room - 1, 1)).join('')}…` : label
  return [
    svg('rect', { class: `box ${kind}`, x, y, width, height: BOX, rx: kind === 'handler' ? 6 : BOX / 2 }),
    svg('text', { class: kind, x: x + width / 2, y: y + BOX / 2, dy: '.35em' }, cut),
    svg('title', {}, label)
  ]
}
