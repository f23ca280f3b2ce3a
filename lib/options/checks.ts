import { LONGEST_TIMER } from '../clock.js'
import { callable, integer, number, oneOf, text, yesOrNo } from './assert.js'

/* The checks that rows of the option tables share. */

type Check<T> = (option: string, given: T) => T

export function wholeNumber (least: number, most?: number): Check<number> {
  return (option, given) => integer(option, given, least, most)
}

/** `factor` and the like; times are in ms and fit into a timer of Node. */
export function anyNumber (least: number, most?: number): Check<number> {
  return (option, given) => number(option, given, least, most)
}

export function milliseconds (least: number): Check<number> {
  return anyNumber(least, LONGEST_TIMER)
}

export function choice<T extends string> (...allowed: readonly T[]): Check<T> {
  return function check (option, given) {
    oneOf(option, given, allowed)
    return given
  }
}

export function someText (option: string, given: string): string {
  text(option, given)
  return given
}

export function flag (option: string, given: boolean): boolean {
  return yesOrNo(option, given)
}

/** @param of what the function takes, for the error */
export function functionOf<F extends Function> (of: string): Check<F> {
  return function check (option, given) {
    callable(option, given, `must be a function of ${of}`)
    return given
  }
}

/** Takes an option unchecked, because another part or the client library checks it. */
export function asItIs<T> (_option: string, given: T): T {
  return given
}
