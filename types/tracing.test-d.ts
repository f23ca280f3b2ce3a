import type { MessageProcessContext, MessagePublishContext, TracedMessage, Transport } from '../index.js'

declare const process: MessageProcessContext
declare const publish: MessagePublishContext

export const messages: readonly TracedMessage[] = process.batch ?? [process]
export const parents: Array<string | undefined> = messages.map(({ header }) => header('traceparent'))
export const one: TracedMessage = process
export const request: string | undefined = publish.repliedHeader?.('traceparent')
export const clusterId: Pick<Transport, 'clusterId'> = { clusterId: () => undefined }

// @ts-expect-error: a message of a batch has no topic of its own
export const topic = process.batch?.[0]?.topic
// @ts-expect-error: a message that is no reply has no request
export const always: string | undefined = publish.repliedHeader('traceparent')
// @ts-expect-error: the id of a cluster is text
export const number: Pick<Transport, 'clusterId'> = { clusterId: () => 7 }
