import type { Partitioner, PublishOptions, RecordMetadata } from '../../types/index.js'
import type { RawHeader } from '../transport/transport.js'

/** A checked and encoded message: its bytes and its destination. It can be kept and published again. */
export interface Outgoing {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** ms since the epoch */
  readonly timestamp: number
  /** The partitioner chooses one when this is left out. */
  readonly partition?: number | undefined
  /** Undefined: by the key, as the Java client does. Dead letters have none, so no code of the app can hinder them. */
  readonly partitioner?: Partitioner | undefined
}

/** A broker as publishing needs it: its producer may not be connected yet, or be another one after a reconnect. */
export interface Sender {
  /** Resolves when the message is in the log. `wait`: whether a full queue is waited for. */
  send (outgoing: Outgoing, wait?: boolean): Promise<RecordMetadata>
}

/** A sender that does not wait for the cluster where a publish asks for that. */
export interface PublishingSender extends Sender {
  /** Resolves when the message has its place in the queue. What fails later is logged. */
  sendUnconfirmed (outgoing: Outgoing, wait?: boolean): Promise<void>
}

/** A message and the broker that sends it. */
export interface Prepared<S extends Sender = Sender> {
  readonly outgoing: Outgoing
  readonly sender: S
}

/** Sends a prepared message; may be called again when it failed. */
export async function send ({ outgoing, sender }: Prepared, wait?: boolean): Promise<RecordMetadata> {
  return await sender.send(outgoing, wait)
}

/** Sends a prepared message as the options of its publish ask for. Resolves to nothing when that is `noConfirm`. */
export async function sendAs (
  { outgoing, sender }: Prepared<PublishingSender>, { wait, noConfirm }: SendingOptions = {}
): Promise<RecordMetadata | undefined> {
  if (noConfirm !== true) return await sender.send(outgoing, wait)
  await sender.sendUnconfirmed(outgoing, wait)
  return undefined
}

type SendingOptions = Pick<PublishOptions, 'wait'> & { readonly noConfirm?: boolean | undefined }
