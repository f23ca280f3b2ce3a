import type { BrokerIdentity, OffsetResetEvent } from '../../../types/index.js'
import { FASTSTREAM_ERR_OFFSET_RESET } from '../../errors.js'
import type { Environment } from '../environment.js'
import type { Stopped } from '../partition/partition.js'

type Reset = Omit<OffsetResetEvent, keyof BrokerIdentity>

/** Tells that the group's offset is not in the log. Returns why the partition stops, if it does. */
export function reportReset (event: Reset, { log, events }: Environment): Stopped | undefined {
  const { groupId, topic, partition, stored, start, end, position } = event
  const offsets = { stored: String(stored), start: String(start), end: String(end), gap: String(gapOf(event)) }
  const details = { groupId, topic, partition, ...offsets }
  if (events.offsetReset.active) events.offsetReset.emit({ ...events.identity, ...event })
  if (position !== undefined) {
    const at = { ...details, position: String(position) }
    log.warn(at, 'the offset of the group is not in the log, reading goes on elsewhere')
    return undefined
  }
  const error = new FASTSTREAM_ERR_OFFSET_RESET(String(stored), String(start), String(end))
  log.error({ err: error, ...details }, 'the offset of the group is not in the log, its partition is not read')
  return { offset: stored, nextOffset: start, error }
}

/** Number of unread offsets. A group ahead of the log has read all of another log, which this one has replaced. */
function gapOf ({ stored, start, position = start }: Reset): bigint {
  return position - (stored < start ? stored : start)
}
