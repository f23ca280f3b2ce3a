interface Manifest { readonly peerDependencies: { readonly fastify: string } }

/** Returns the oldest version of Fastify that the peer range of a package.json allows. */
export function oldestOf (packageJson: string): string {
  const { peerDependencies: { fastify } } = JSON.parse(packageJson) as Manifest
  const oldest = /^\^(\d+\.\d+\.\d+)$/.exec(fastify)?.[1]
  if (oldest === undefined) throw new Error(`the peer range of fastify must be written ^x.y.z, not ${fastify}`)
  return oldest
}
