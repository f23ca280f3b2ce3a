import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { HealthOptions } from '../../../types/index.js'
import { FASTSTREAM_ERR_HEALTH_FORBIDDEN } from '../../errors.js'
import { perApp } from '../../scope.js'

/** Function that says which requests may see what the brokers of an app do; undefined: none may. */
export const detailsOf = perApp<{ authorize: HealthOptions['authorize'] }>(() => ({ authorize: undefined }))

/**
 * Lets requests pass that the app's `authorize` allows. An error of `authorize` is the app's own.
 *
 * @throws FASTSTREAM_ERR_HEALTH_FORBIDDEN for all others, and where no details are shown
 */
export async function checkDetails (app: FastifyInstance, request: FastifyRequest): Promise<void> {
  const answer: unknown = await detailsOf(app).authorize?.(request)
  if (answer !== true) throw new FASTSTREAM_ERR_HEALTH_FORBIDDEN()
}
