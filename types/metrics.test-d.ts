import client from 'prom-client'
import type { FaststreamOptions, MetricsClient, MetricsOptions } from '../index.js'

/* Checked by `tsc`, never run: prom-client is a metrics client as it is. */

export const metrics: MetricsOptions = { client }
export const own: FaststreamOptions = { metrics: { client, registry: new client.Registry() } }
// @ts-expect-error: a client is needed
export const none: MetricsOptions = { registry: client.register }
// @ts-expect-error: a registry is no client
export const registry: MetricsClient = client.register
// @ts-expect-error: no such option
export const prefixed: MetricsOptions = { client, prefix: 'shop_' }
