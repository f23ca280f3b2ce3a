import type { AwsCredentials, CredentialsProvider, PasswordCredentials, SaslOptions } from './index.js'

/* The forms of `sasl`, and those that do not fit. */

const password: PasswordCredentials = { username: 'shop', password: 'secret' }
const keys: AwsCredentials = { authorizationIdentity: 'id', accessKeyId: 'key', secretAccessKey: 'secret' }
const oauthBearerProvider: CredentialsProvider<{ value: string }> = async () => ({ value: 'token' })

export const allowed: readonly SaslOptions[] = [
  { mechanism: 'plain', ...password },
  { mechanism: 'scram-sha-256', credentials: () => password },
  { mechanism: 'scram-sha-512', credentials: async () => password },
  { mechanism: 'aws', ...keys },
  { mechanism: 'aws', credentials: async () => ({ ...keys, sessionToken: 'session' }) },
  { mechanism: 'oauthbearer', oauthBearerProvider },
  { mechanism: 'oauthbearer', oauthBearerProvider: () => ({ value: 'token' }) }
]

export const wrong: readonly SaslOptions[] = [
  // @ts-expect-error: a mechanism that there is not
  { mechanism: 'gssapi', ...password },
  // @ts-expect-error: the password is missing
  { mechanism: 'plain', username: 'shop' },
  // @ts-expect-error: the credentials, or a function that provides them
  { mechanism: 'plain', ...password, credentials: () => password },
  // @ts-expect-error: a function
  { mechanism: 'plain', credentials: password },
  // @ts-expect-error: it provides no password
  { mechanism: 'scram-sha-512', credentials: async () => ({ username: 'shop' }) },
  // @ts-expect-error: the keys of AWS are not a user name
  { mechanism: 'aws', credentials: async () => password },
  // @ts-expect-error: the token has an `oauthBearerProvider`
  { mechanism: 'oauthbearer', credentials: async () => ({ value: 'token' }) }
]
