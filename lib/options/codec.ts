import type { Codec, CodecName, CodecOption, Decoder, MessageSchema, Parser } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { callable, isObject, onlyKnown } from './assert.js'

/** The codec of each part; undefined: by content type, and keys with a schema as text. */
export interface CodecSettings {
  readonly value: Codec | CodecName | undefined
  readonly key: Codec | CodecName | undefined
}

const NAMES: readonly unknown[] = ['json', 'text', 'bytes']
const PARTS = ['value', 'key']

export function checkCodec (option: string, given: CodecOption, inherited: CodecSettings): CodecSettings {
  if (isWhole(given)) return Object.freeze({ ...inherited, value: codec(option, given) })
  onlyKnown(`${option}.`, given, PARTS)
  const { value, key } = given
  return Object.freeze({
    value: value === undefined ? inherited.value : codec(`${option}.value`, value),
    key: key === undefined ? inherited.key : codec(`${option}.key`, key)
  })
}

/** A key without a schema is typed as bytes. */
export function checkKeyCodec ({ codec }: { readonly codec?: CodecOption | undefined }, schema?: MessageSchema): void {
  if (isWhole(codec) || codec.key === undefined || schema?.key !== undefined) return
  const cure = 'needs schema.key, which says what keys are: without a schema they are bytes'
  throw new FASTSTREAM_ERR_INVALID_OPTION('codec.key', cure)
}

/** Decoders, the outermost level first: each may call the one before it. */
export function checkDecoder (option: string, given: Decoder, inherited: readonly Decoder[]): readonly Decoder[] {
  callable(option, given, 'must be a function of the message and of the original decoder')
  return Object.freeze([...inherited, given])
}

/** Parsers, the outermost level first: each may call the one before it. */
export function checkParser (option: string, given: Parser, inherited: readonly Parser[]): readonly Parser[] {
  callable(option, given, 'must be a function of the record and of the original parser')
  return Object.freeze([...inherited, given])
}

/** True for a codec of values, and without a codec; false for an object of parts. */
function isWhole (given: CodecOption | undefined): given is Codec | CodecName | undefined {
  return !isObject(given) || 'decode' in given || 'encode' in given
}

function codec (option: string, given: Codec | CodecName): Codec | CodecName {
  if (isObject(given)) {
    const cure = 'must be a function: a codec has decode(bytes, message, part) and encode(value, topic, part)'
    callable(`${option}.decode`, given.decode, cure)
    callable(`${option}.encode`, given.encode, cure)
    return given
  }
  if (NAMES.includes(given)) return given
  throw new FASTSTREAM_ERR_INVALID_OPTION(option, "must be 'json', 'text', 'bytes', a codec, or { value, key }")
}
