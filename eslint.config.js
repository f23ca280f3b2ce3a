import neostandard, { plugins } from 'neostandard'

/** A line that is one text, one template or one pattern: breaking it would hide what it says. */
const ONE_TEXT = '^\\s*([\\w\'-]+: |const \\w+ = |return )?([\'"`/].*[\'"`]|/.*/[a-z]*),?$'

export default [
  ...neostandard({
    ts: true,
    ignores: ['dist', 'lib/asyncapi/site/static', '.tap', '.compiled', '.readme-*', '.oldest-*', 'test/.bundle-*']
  }),
  {
    files: ['**/*.ts', '**/*.js'],
    plugins: { '@stylistic': plugins['@stylistic'] },
    rules: { '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true, ignorePattern: ONE_TEXT }] }
  },
  {
    files: ['lib/**/*.ts', 'types/**/*.ts'],
    ignores: ['lib/asyncapi/page/dom.ts'],
    rules: { '@stylistic/max-len': ['error', { code: 120, ignoreUrls: true }] }
  },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/consistent-type-imports': [
        'error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }
      ],
      // An import of nothing but types must not load its module.
      '@typescript-eslint/no-import-type-side-effects': 'error'
    }
  },
  // What is merged into Fastify's interfaces must name all of their type parameters.
  { files: ['types/index.ts'], rules: { '@typescript-eslint/no-unused-vars': 'off' } }
]
