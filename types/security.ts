/**
 * User name and password of the app.
 *
 * @example
 * const credentials: PasswordCredentials = { username: 'shop', password: 'secret' }
 */
export interface PasswordCredentials {
  username: string
  password: string
}

/**
 * Keys of the app for the mechanism `aws`.
 *
 * @example
 * const keys: AwsCredentials = { authorizationIdentity: 'AIDA…', accessKeyId: 'AKIA…', secretAccessKey: '…' }
 */
export interface AwsCredentials {
  /** `aws:userid` of the user or role. */
  authorizationIdentity: string
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | undefined
}

/**
 * Function that provides the credentials of one connection. It is called for each connection that the app opens, also
 * for one that takes the place of another before its session ends (KIP-368): it should keep what it has fetched for as
 * long as that is valid. The time for a connection bounds it. An error of it counts as a failed try to connect, and
 * credentials of the wrong shape end the start at once. Java: a login callback handler.
 *
 * @throws FASTSTREAM_ERR_SASL from `ready()`, when it fails for as long as `connectTimeout`
 * @example
 * const credentials: CredentialsProvider<PasswordCredentials> = async () => {
 *   return JSON.parse(await readFile('/run/secrets/kafka.json', 'utf8'))
 * }
 */
export type CredentialsProvider<Credentials> = () => Credentials | PromiseLike<Credentials>

type PasswordMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512'

/**
 * Credentials of the app for the cluster (SASL): themselves, or a function that provides them for each connection, see
 * {@link CredentialsProvider}. Without `ssl` all mechanisms but SCRAM send them readable, so they are refused for a
 * host that is not loopback, see the option `allowInsecureSasl`. FastStream: `security`
 * (`SASLPlaintext`, `SASLScram256`, `SASLScram512`, `SASLOAuthBearer`). FastKafka: `sasl_mechanism`,
 * `sasl_plain_username`, `sasl_plain_password`, `sasl_oauth_token_provider`.
 *
 * @example
 * const sasl: SaslOptions = { mechanism: 'scram-sha-512', username: 'shop', password: 'secret' }
 * await app.register(faststreamPlugin, { brokers, ssl: true, sasl })
 */
export type SaslOptions =
  | ({ mechanism: PasswordMechanism, credentials?: undefined } & PasswordCredentials)
  | {
    mechanism: PasswordMechanism
    credentials: CredentialsProvider<PasswordCredentials>
    username?: undefined
    password?: undefined
  }
  | ({ mechanism: 'aws', credentials?: undefined } & AwsCredentials)
  | { mechanism: 'aws', credentials: CredentialsProvider<AwsCredentials> }
  | {
    mechanism: 'oauthbearer'
    /** Provider of the token, with the rules of {@link CredentialsProvider} (KIP-255). */
    oauthBearerProvider: CredentialsProvider<{ value: string }>
  }
