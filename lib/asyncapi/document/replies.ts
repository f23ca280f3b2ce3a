import { REPLY_TO } from '../../message/headers.js'
import type { CustomConversion } from '../schema/json-schema.js'
import type { DescribedPublisher, DescribedSubscriber } from './description.js'
import { partsOf, type MessageParts } from './messages.js'

/** Where the reply to a received message goes. */
export const REPLY_ADDRESS = {
  location: `$message.header#/${REPLY_TO}`,
  description: 'The topic that the message names, if it is one that may be answered to'
}

/** The message that answers those of a subscriber or publisher; undefined where there is none. */
export function replyOf (
  { schema, codec, references, about, prepare, ...party }: DescribedPublisher | DescribedSubscriber,
  topic: string,
  custom: CustomConversion | undefined
): MessageParts | undefined {
  if (schema?.reply === undefined) return undefined
  const type = 'type' in party ? party.type : undefined
  const said = { codec, references, about: { ...about, examples: [] }, prepare }
  return partsOf({ topic, schema: { value: schema.reply }, ...said }, `${type ?? topic}.reply`, custom)
}
