import type { FaststreamOptions, OtelOptions } from '../index.js'

/* Checked by `tsc`, never run: tracing is on, off, or has options. */

export const on: FaststreamOptions = { otel: true }
export const off: FaststreamOptions = { otel: false }
export const links: OtelOptions = { link: true }
// @ts-expect-error: the tracer is the one that the app has registered
export const tracer: OtelOptions = { tracer: {} }
// @ts-expect-error: true or options
export const text: FaststreamOptions = { otel: 'on' }
