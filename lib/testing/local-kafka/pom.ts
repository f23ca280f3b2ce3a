/** The jars of one Kafka broker, pinned, and of the logging that it needs: log4j2 for Kafka 4, log4j for Kafka 3. */
export function pomOf (version: string): string {
  const logging = version.startsWith('3.')
    ? [dependency('org.slf4j', 'slf4j-reload4j', '1.7.36')]
    : ['log4j-core', 'log4j-slf4j-impl', 'log4j-1.2-api'].map(
        (name) => dependency('org.apache.logging.log4j', name, '2.25.5')
      )
  return `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>fastify-faststream</groupId>
  <artifactId>local-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${[dependency('org.apache.kafka', 'kafka_2.13', version), ...logging].join('\n')}
  </dependencies>
  <build><plugins><plugin>
    <groupId>org.apache.maven.plugins</groupId>
    <artifactId>maven-dependency-plugin</artifactId>
    <version>3.8.1</version>
  </plugin></plugins></build>
</project>
`
}

function dependency (groupId: string, artifactId: string, version: string): string {
  return `    <dependency>
      <groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version>
    </dependency>`
}
