import { register } from 'node:module'

/* What `--import` of an app is told for OpenTelemetry in ESM: https://opentelemetry.io/docs/languages/js/esm-support/ */
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)
