import type { FastifyRequest } from 'fastify'

/**
 * Routes for the probes of Kubernetes. FastStream: `make_ping_asgi`.
 *
 * @example
 * await app.register(faststreamPlugin, { groupId: 'shop', health: { live: '/livez', ready: '/readyz' } })
 */
export interface HealthOptions {
  /** Path of the route that answers 200 while the event loop of the process runs. @default '/live' */
  live?: string | undefined
  /**
   * Path of the route that answers 200 while messages flow, and 503 otherwise: every broker is connected and started,
   * its subscribers have joined their groups and make progress, and the app does not close. The body says no more.
   *
   * @default '/ready'
   */
  ready?: string | undefined
  /** Path of the route that sends `health()` of every broker, where `authorize` allows it. @default none */
  details?: string | undefined
  /**
   * Function that decides whether a request may read `details`, which names topics, groups and errors: only `true`
   * allows. An error that it throws goes to the app's error handler. Required with `details`.
   *
   * @default none
   */
  authorize?: ((request: FastifyRequest) => boolean | Promise<boolean>) | undefined
}
