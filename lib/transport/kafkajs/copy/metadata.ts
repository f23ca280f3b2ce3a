import type { Load, Original } from '../modules.js'

interface Metadata {
  readonly topicMetadata: ReadonlyArray<{
    readonly topicErrorCode: number
    readonly partitionMetadata: ReadonlyArray<{ readonly partitionErrorCode: number }>
  }>
}

interface Response {
  decode (bytes: Buffer): Promise<Metadata>
  parse (data: Metadata): Promise<Metadata>
}

const unknownTopicOrPartition = 3
const leaderNotAvailable = 5

/**
 * Stands in for `src/protocol/requests/metadata/v0/response.js`, whose `parse` serves all versions: a topic that the cluster
 * does not have is one without partitions, and a partition without a leader is one that nobody can be asked for. kafkajs throws
 * for either, and forgets what the answer says of all others.
 */
export function candidMetadata (_load: Load, original: Original): Response {
  const { decode, parse } = original() as Response

  async function parseOthers (data: Metadata): Promise<Metadata> {
    const topicMetadata = data.topicMetadata
      .filter(({ topicErrorCode }) => topicErrorCode !== unknownTopicOrPartition)
      .map((topic) => ({ ...topic, partitionMetadata: topic.partitionMetadata.filter(({ partitionErrorCode }) => partitionErrorCode !== leaderNotAvailable) }))
    await parse({ ...data, topicMetadata })
    return data
  }

  return { decode, parse: parseOthers }
}
