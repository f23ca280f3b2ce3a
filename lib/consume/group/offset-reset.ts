import { channel } from 'node:diagnostics_channel'
import type { OffsetResetEvent } from '../../../types/index.js'
import { inOwnContext } from '../../context.js'
import { FASTSTREAM_ERR_OFFSET_RESET } from '../../errors.js'
import type { Log } from '../../log.js'
import type { Stopped } from '../partition/partition.js'

const resets = channel('fastify-faststream:offset-reset')

/** Tells that records are left out which the group has not read. Returns why the partition has stopped, if it has. */
export function reportReset (event: OffsetResetEvent, log: Log): Stopped | undefined {
  const { groupId, topic, partition, stored, start, end, position } = event
  const details = { groupId, topic, partition, stored: String(stored), start: String(start), end: String(end), gap: String(gapOf(event)) }
  if (resets.hasSubscribers) inOwnContext(() => { resets.publish(event) })
  if (position !== undefined) {
    log.warn({ ...details, position: String(position) }, 'the offset of the group is not in the log, reading goes on elsewhere')
    return undefined
  }
  const error = new FASTSTREAM_ERR_OFFSET_RESET(String(stored), String(start), String(end))
  log.error({ err: error, ...details }, 'the offset of the group is not in the log, its partition is not read')
  return { offset: stored, nextOffset: start, error }
}

/** How many offsets are left out. A group ahead of the log has read what there was: then the log is another one. */
function gapOf ({ stored, start, position = start }: OffsetResetEvent): bigint {
  return position - (stored < start ? stored : start)
}
