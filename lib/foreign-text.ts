/*
 * The bounds of foreign text: the text of a sender, of another client or of a handler's error may have any length and
 * hold any character. Each part of it that goes into an error, a log line, a header or an answer passes through here.
 */

/** Bytes of a name, of a place in a value, and of a whole message. */
export const NAME_LIMIT = 128
export const PATH_LIMIT = 256
export const MESSAGE_LIMIT = 1024

/** Control and format characters (escape sequences, text direction), separators of lines, halves of surrogate pairs. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const INVISIBLE_IN_LINE = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * Returns at most `limit` bytes of UTF-8, with each invisible character as `\uXXXX`, which is also how JSON writes it.
 */
export function visible (text: string, limit: number): string {
  return bounded(text, limit, INVISIBLE)
}

/** Whether a text has no invisible character. */
export function isVisible (text: string): boolean {
  return text.search(INVISIBLE) === -1
}

/** Works as `visible`, with each run of white space as one space. */
export function oneLine (text: string, limit: number): string {
  // Cut first: the work is bounded, too. What is twice as long leaves room for runs of white space.
  return bounded(text.slice(0, 2 * limit).replace(/\s+/g, ' '), limit, INVISIBLE)
}

/** Works as `visible`, and keeps the ends of lines. */
export function visibleLines (text: string, limit: number): string {
  return bounded(text, limit, INVISIBLE_IN_LINE)
}

function bounded (text: string, limit: number, invisible: RegExp): string {
  const escaped = text.slice(0, limit).replace(invisible, escape)
  if (Buffer.byteLength(escaped) <= limit) return escaped
  // A character that is cut in two is left out.
  return Buffer.from(escaped).subarray(0, limit).toString().replace(/\ufffd$/, '')
}

function escape (character: string): string {
  let escaped = ''
  for (let i = 0; i < character.length; i++) escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  return escaped
}
