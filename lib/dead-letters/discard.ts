import type { TopicPartitionOffset } from '../transport/transport.js'
import type { Cluster } from './consuming.js'
import { Letter } from './letter.js'
import { readLog } from './log-reader.js'
import type { Progress } from './progress.js'
import type { Selection } from './selection.js'

/** Letters whose progress is stored at once. */
const BATCH = 1000

/** Marks the wanted letters of one partition as done, up to its `end`. Resolves with their number. */
export async function discardLetters (
  cluster: Cluster, selection: Selection, end: TopicPartitionOffset, progress: Progress
): Promise<number> {
  const { topic, partition } = end
  const done = progress.of(partition)
  const last = selection.endOf(end)
  let discarded = 0
  for (let at = done.watermark; at < last;) {
    let left = BATCH
    let expected = at
    at = await readLog(cluster, { topic, partition, offset: at }, last, (offset, record) => {
      // What lies between two records is not there.
      done.add(expected, offset)
      expected = offset + 1n
      const letter = new Letter({ topic, partition, offset }, record, done.has(offset))
      if (letter.state === 'done' || !selection.takes(letter)) return true
      done.add(offset, expected)
      discarded++
      return --left > 0
    })
    progress.check(partition)
    await progress.commit(partition)
  }
  return discarded
}
