import { fork } from 'node:child_process'
import { once } from 'node:events'
import { withKafka } from '../with-kafka.js'

// npm run bench -- idle [seconds] [subscribers]
// CPU of an app that is connected and reads topics to which no one writes.

const [seconds = 30, subscribers = 10] = process.argv.slice(2).map(Number)

await withKafka(async (brokers) => {
  const app = fork(new URL('./app.ts', import.meta.url), [brokers.join(), seconds, subscribers].map(String))
  const [share] = await once(app, 'message') as [number]
  await once(app, 'exit')
  console.log(`${subscribers} subscribers, ${seconds} s: ${(share * 100).toFixed(2)} % of a core`)
})
