import neostandard from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: ['dist', 'lib/asyncapi/site/static', '.tap', '.readme-*'] }),
  // What is merged into Fastify's interfaces must name all of their type parameters.
  { files: ['types/index.ts'], rules: { '@typescript-eslint/no-unused-vars': 'off' } }
]
