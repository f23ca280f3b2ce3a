import type { RepliesOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { MAX_TOPIC_LENGTH } from '../transport/topic-partition.js'
import { optionsOf, type Option } from './option.js'
import { checkTopic } from './topic-name.js'

/** Topics of replies, as far as they are written. */
export interface RepliesSettings {
  readonly topic: string | undefined
  /** Names of topics, or what they begin with and a `*`. */
  readonly allowed: readonly string[] | undefined
}

/** Settings that name the topics of replies. */
export interface RepliesOf {
  readonly replies: RepliesSettings
  readonly topicPrefix: string
  readonly clientId: string
}

/** The plugin's option `replies`. */
export const REPLIES: Option<RepliesOptions, RepliesSettings> = {
  default: { topic: undefined, allowed: undefined },
  check: optionsOf<RepliesOptions, RepliesSettings>({
    topic: (option, topic) => checkTopic(topic, ` (it is the option '${option}')`),
    allowed: checkAllowed
  }),
  shown: "topicPrefix + 'replies.' + clientId; allowed: topicPrefix + 'replies.*'",
  doc: '[requests](requests.md): `topic` of the replies to this app, and the topics that its subscribers are ' +
    '`allowed` to answer to: names, with a `*` at the end for any further characters'
}

function checkAllowed (option: string, given: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(given) ? given : [given]
  return Object.freeze(all.map((each) => {
    if (typeof each === 'string' && /^(?:[a-zA-Z0-9._-]+\*?|\*)$/.test(each)) return each
    const cure = "must be a topic such as 'shop.replies', one that ends in * such as 'replies.*', or a list of those"
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }))
}

/** The topic of the replies to an app's own requests. */
export function replyTopicOf ({ replies: { topic }, topicPrefix, clientId }: RepliesOf): string {
  const name = `${topicPrefix}replies.${clientId.replace(/[^a-zA-Z0-9._-]/g, '-')}`
  return topic ?? name.slice(0, MAX_TOPIC_LENGTH)
}

/** Whether an app answers to a topic that a message names. */
export function allowedReplies ({ replies: { allowed }, topicPrefix }: RepliesOf): (topic: string) => boolean {
  const all = allowed ?? [`${topicPrefix}replies.*`]
  const names = new Set(all)
  const beginnings = all.filter((each) => each.endsWith('*')).map((each) => each.slice(0, -1))
  return (topic) => names.has(topic) || beginnings.some((beginning) => topic.startsWith(beginning))
}
