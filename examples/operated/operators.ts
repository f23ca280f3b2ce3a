import type { FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** Name of the person who has signed in. */
    operator: string | undefined
  }
}

/** Routes of which operators are the only readers. */
const OWN = /^\/(asyncapi|ops)(\/|$)/

/** An `onRequest` hook: HTTP authentication, which a browser asks for by itself. `tokens`: one for each name. */
export function signIn (tokens: Readonly<Record<string, string>>) {
  return async function operatorsOnly (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    // The route, and not the address: an address can be written in many ways, as `/%6fps`.
    if (!OWN.test(request.routeOptions.url ?? '')) return
    const { authorization = '' } = request.headers
    const given = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString()
    request.operator = Object.keys(tokens).find((name) => given === `${name}:${tokens[name]}`)
    if (request.operator !== undefined) return
    reply.header('www-authenticate', 'Basic realm="ops"')
    throw Object.assign(new Error('sign in as an operator'), { statusCode: 401 })
  }
}
