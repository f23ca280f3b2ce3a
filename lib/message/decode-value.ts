import { decodeValue, JSON_TYPE } from '../codec/content-type.js'
import { parseJsonText } from '../codec/json.js'
import type { ConsumedRecord } from '../transport/transport.js'
import { CONTENT_TYPE, headerText } from './headers.js'

/**
 * Decodes the value of a record by its content type. JSON is read out of the record's bytes where the record can do so:
 * to make a Buffer of them costs more than to read them.
 *
 * @throws FASTSTREAM_ERR_DECODE
 */
export function decodeValueOf (record: ConsumedRecord): unknown {
  const contentType = headerText(record, CONTENT_TYPE)
  const isJson = contentType === undefined || contentType === JSON_TYPE
  if (!isJson || record.valueText === undefined) return decodeValue(record.value, contentType)
  const text = record.valueText()
  return text === null ? null : parseJsonText(text, 'value')
}
