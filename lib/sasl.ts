/** Members that prove the identity of the app: texts that are not empty. */
export interface CredentialMembers {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

const PASSWORD: CredentialMembers = { required: ['username', 'password'], optional: [] }
const AWS: CredentialMembers = {
  required: ['authorizationIdentity', 'accessKeyId', 'secretAccessKey'], optional: ['sessionToken']
}

/** The mechanisms whose credentials are texts, and `oauthbearer`, whose token comes from a function. */
export const MECHANISMS: ReadonlyMap<string, CredentialMembers | undefined> = new Map([
  ['plain', PASSWORD],
  ['scram-sha-256', PASSWORD],
  ['scram-sha-512', PASSWORD],
  ['aws', AWS],
  ['oauthbearer', undefined]
])

/** The form of an object with these members, for a person. */
export function shapeOf ({ required }: CredentialMembers): string {
  return `{ ${required.join(', ')} }`
}
