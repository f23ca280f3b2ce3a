import { copyButton } from './copy.js'
import { el, type Child } from './dom.js'
import { dictionary, show, text } from './json.js'
import { isSameTopic, type Channel, type Operation } from './model.js'
import { operationHash } from './route.js'

const CONSUMER: Readonly<Record<string, string>> = {
  ackPolicy: 'Ack policy',
  ordering: 'Ordering',
  partitions: 'Partitions read',
  retries: 'Retries',
  deadLetterTopic: 'Dead-letter topic',
  concurrency: 'At once',
  batch: 'In batches of'
}
const POLICIES: Readonly<Record<string, string>> = {
  ACK_FIRST: 'acknowledged before it is handled',
  ACK: 'acknowledged also when it fails',
  REJECT_ON_ERROR: 'a message that fails is rejected',
  NACK_ON_ERROR: 'a message that fails is redelivered',
  MANUAL: 'acknowledged by the handler'
}

/** Table of what Kafka knows about an operation: topic, group, partitions, and so on. */
export function kafkaFacts (operation: Operation, all: readonly Operation[]): HTMLElement {
  const { id, channel, groupId, clientId, consumer, publishes } = operation
  const { partitions, replicas, topicConfiguration } = channel.kafka
  const { deadLetterTopic, ...rest } = consumer
  const others = all.filter((other) => other !== operation && isSameTopic(other.channel, channel))
  const rows: Array<[label: string, ...value: Child[]] | undefined> = [
    ['Topic', el('code', {}, channel.address), copyButton('the topic', () => channel.address)],
    groupId === undefined ? undefined : ['Group', el('code', {}, groupId)],
    partitions === undefined ? undefined : ['Partitions', show(partitions)],
    replicas === undefined ? undefined : ['Replicas', show(replicas)],
    ...Object.entries(rest).map(
      ([name, value]): [string, Child] => [
        CONSUMER[name] ?? name, name === 'ackPolicy' ? policy(show(value)) : show(value)
      ]
    ),
    text(deadLetterTopic) === undefined
      ? undefined
      : [
          'Dead-letter topic', ...topicLink(show(deadLetterTopic), operation, all)
        ],
    ...Object.entries(dictionary(topicConfiguration)).map(([name, value]): [string, Child] => [name, show(value)]),
    clientId === undefined ? undefined : ['Client', el('code', {}, clientId)],
    channel.clusters.length === 0
      ? undefined
      : [
          channel.clusters.length === 1 ? 'Cluster' : 'Clusters', channel.clusters.join(', ')
        ],
    ...channel.parameters.map(
      ({ name, parameter }): [string, Child] => [
        `{${name}}`,
        [
          text(parameter.description),
          parameter.enum !== undefined && `one of ${show(parameter.enum)}`,
          text(parameter.location)
        ].filter(Boolean).join(', ')
      ]
    ),
    operation.reply?.address === undefined ? undefined : ['Reply to', el('code', {}, operation.reply.address)],
    publishes.length === 0
      ? undefined
      : [
          'Results to', el('ul', {}, ...publishes.map((result) => el('li', {}, ...resultLink(result, all))))
        ],
    others.length === 0
      ? undefined
      : [
          'Same topic', el('ul', {}, ...others.map((other) => el('li', {}, operationLink(other))))
        ],
    [
      'Operation',
      el('code', {}, id),
      copyButton('a link to this operation', () => new URL(operationHash(id), location.href).href, 'link')
    ]
  ]
  return el('table', { class: 'facts' },
    el('caption', { class: 'unseen' }, `Kafka details of ${operation.title}`),
    el(
      'tbody',
      {},
      ...rows.filter((row) => row !== undefined).map(([label, ...value]) => el(
        'tr', {}, el('th', { scope: 'row' }, label), el('td', {}, ...value)
      ))
    )
  )
}

function policy (name: string): Child {
  return el(
    'span', {}, el('code', {}, name), POLICIES[name] !== undefined && el('span', { class: 'hint' }, POLICIES[name])
  )
}

function resultLink (result: Channel, all: readonly Operation[]): Child[] {
  const target = all.find(({ kind, channel }) => kind === 'send' && isSameTopic(channel, result))
  return [target === undefined
    ? el('code', {}, result.address)
    : el(
      'a', { href: operationHash(target.id) }, el('code', {}, result.address)
    )]
}

function topicLink (topic: string, from: Operation, all: readonly Operation[]): Child[] {
  const target = all.find(({ kind, channel }) => kind === 'dead-letter' && isSameTopic(channel, {
    ...from.channel, address: topic
  }))
  return [target === undefined
    ? el('code', {}, topic)
    : el(
      'a', { href: operationHash(target.id) }, el('code', {}, topic)
    )]
}

function operationLink ({ id, kind, title }: Operation): Child {
  return el('a', { href: operationHash(id) }, `${kind === 'receive' ? 'receives' : 'sends'}: ${title}`)
}
