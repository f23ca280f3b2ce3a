import { CONTENT_TYPE } from '../../message/headers.js'
import { isObject } from '../../options/assert.js'
import { FASTSTREAM_ERR_PUBLISH_BODY } from '../../errors.js'
import { membersOf } from '../../members.js'

/** The header of every message that is published from the page: consumers can tell it from other messages. */
export const PUBLISHED_BY = 'x-published-by'

/** A message as the page sends it. */
export interface Draft {
  /** null: a tombstone. */
  readonly value: unknown
  /** undefined: the publisher's own. */
  readonly key: string | null | undefined
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly timestamp: Date
}

/**
 * Checks the body by hand, because the app's own compiler may know no JSON Schema, and Ajv coerces values that should
 * be refused.
 */
export function toDraft (body: unknown, timestamp: Date): Draft {
  if (!isObject(body)) throw new FASTSTREAM_ERR_PUBLISH_BODY('must be an object')
  const { value, key, headers = {}, ...unknown } = membersOf(body)
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined) {
    throw new FASTSTREAM_ERR_PUBLISH_BODY(`has '${stranger}', which is not known: there are value, key, headers`)
  }
  if (value === undefined) throw new FASTSTREAM_ERR_PUBLISH_BODY("has no 'value': write null for a tombstone")
  if (key !== undefined && key !== null && typeof key !== 'string') {
    throw new FASTSTREAM_ERR_PUBLISH_BODY("has a 'key' that is neither a string nor null")
  }
  checkHeaders(headers)
  return { value, key, headers: { ...headers, [PUBLISHED_BY]: 'asyncapi' }, timestamp }
}

function checkHeaders (headers: unknown): asserts headers is Record<string, string | string[]> {
  if (!isObject(headers)) throw new FASTSTREAM_ERR_PUBLISH_BODY("has 'headers' that are no object")
  for (const [name, value] of Object.entries(headers)) {
    // The route sets the first of them, and the codec sets the second.
    if ([PUBLISHED_BY, CONTENT_TYPE].includes(name.toLowerCase())) {
      throw new FASTSTREAM_ERR_PUBLISH_BODY(`has a header '${name}', which is not to be chosen`)
    }
    if (![value].flat().every((each) => typeof each === 'string')) {
      throw new FASTSTREAM_ERR_PUBLISH_BODY(`has a header '${name}' that is neither a string nor a list of strings`)
    }
  }
}
