import type { Diagnosis } from './diagnosis.js'
import type { KafkajsConnection } from './kafkajs-modules.js'

export interface HandshakeAnswer {
  readonly enabledMechanisms: readonly string[]
}

interface AuthenticateAnswer {
  readonly authBytes: Buffer
  /** ms, as text; absent in version 0, and 0 for a session without end. */
  readonly sessionLifetimeMs?: string
}

const SASL_HANDSHAKE = 17
export const SASL_AUTHENTICATE = 36

/**
 * Watches the exchange, which is kafkajs's own and forgets what the broker says in it. `onSession` is told how long the
 * broker takes requests, ms.
 */
export function watchSasl (
  connection: KafkajsConnection, diagnosis: Diagnosis, onSession: (lifetime: number | undefined) => void
): void {
  const send = connection.send.bind(connection)

  /**
   * kafkajs is not told the lifetime. It would authenticate again 10 s before the end of the session, which is before
   * each request where sessions are shorter, and a broker takes that once in a second.
   */
  function authenticated ({ sessionLifetimeMs, ...answer }: AuthenticateAnswer): object {
    if (diagnosis.refusesToken(answer.authBytes)) throw new Error('the broker refuses the token')
    onSession(Number(sessionLifetimeMs ?? 0) || undefined)
    return answer
  }

  connection.send = async (sent) => {
    const { request, response } = sent
    const isHandshake = request.apiKey === SASL_HANDSHAKE
    if (!isHandshake && request.apiKey !== SASL_AUTHENTICATE) return await send(sent)
    const parse = async (answer: unknown): Promise<unknown> => {
      if (isHandshake) diagnosis.offered((answer as HandshakeAnswer).enabledMechanisms)
      const parsed = await response.parse?.(answer)
      return isHandshake ? parsed : authenticated(parsed as AuthenticateAnswer)
    }
    try {
      return await send({ request, response: { decode: response.decode, parse } })
    } catch (err) {
      diagnosis.saslFailed(err)
      throw err
    }
  }
}
