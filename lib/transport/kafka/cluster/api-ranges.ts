import { FASTSTREAM_ERR_API_VERSION } from '../../../errors.js'
import { API_KEYS, DISPENSABLE, type VersionRange, type Wire, type WireConnection } from '../wire.js'

/** Throws `FASTSTREAM_ERR_API_VERSION` unless each request has a version that both the broker and the wire know. */
export function checkApiRanges ({ versions }: Wire, { apiVersions }: WireConnection): void {
  for (const [api, ours] of versions) {
    if (DISPENSABLE.has(api)) continue
    const theirs = apiVersions.get(API_KEYS[api])
    if (theirs !== undefined && theirs.min <= ours.max && theirs.max >= ours.min) continue
    throw new FASTSTREAM_ERR_API_VERSION(api, theirs === undefined ? 'none' : text(theirs), text(ours))
  }
}

function text ({ min, max }: VersionRange): string {
  return min === max ? `version ${min}` : `versions ${min} to ${max}`
}
