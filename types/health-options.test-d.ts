import type { FaststreamOptions, HealthOptions } from '../index.js'

/* Checked by `tsc`, never run: the routes for probes. */

export const health: FaststreamOptions = { health: {} }
export const details: HealthOptions = { details: '/health', authorize: async ({ headers }) => headers.host === 'ops' }
// @ts-expect-error: a path
export const live: HealthOptions = { live: true }
// @ts-expect-error: a decision is true or false
export const text: HealthOptions = { details: '/health', authorize: () => 'yes' }
