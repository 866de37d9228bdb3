export { type BodyKind, type BodySample, bodySamples } from "./body-kinds.ts"
export {
  type AdapterRequest,
  type AdapterResponse,
  type AdapterUnderTest,
  namedAuth,
} from "./contracts/adapter-under-test.ts"
export type {
  RunningService,
  Seen,
  ServiceOwner,
  ServiceSetting,
  ServiceUnderTest,
} from "./contracts/service-under-test.ts"
export { describeAdapter } from "./describe-adapter.ts"
export { type CacheStoreSuiteOptions, describeCacheStore } from "./describe-cache-store.ts"
export { describeExports } from "./describe-exports.ts"
export { describeFeatures } from "./describe-features.ts"
export { describeService } from "./describe-service.ts"
export { describeUncaughtErrors } from "./describe-uncaught-errors.ts"
export { type ErrorFacts, errorFacts } from "./error-facts.ts"
export { type FakeClock, fakeClock } from "./fake-clock.ts"
export {
  type Difference,
  type Feature,
  type FeatureContext,
  type FeatureList,
  type FeatureRelease,
  type FeatureSetup,
  releasesWith,
} from "./feature.ts"
export { freePort } from "./free-port.ts"
export { hasSystemTool } from "./has-system-tool.ts"
export { installedVersion } from "./installed-version.ts"
export { type LocalCluster, localCluster } from "./local-cluster.ts"
export { hasKeystone, type LocalKeystone, localKeystone } from "./local-keystone.ts"
export { askServer, hasRedis, type LocalRedis, localRedis, redisPrograms, startServer } from "./local-redis.ts"
export { type LocalSentinels, localSentinels } from "./local-sentinels.ts"
export { type NumberingAuth, numbering } from "./numbering-auth.ts"
export { type Answer, type Arrival, arrived, type RecordingServer, recordingServer } from "./recording-server.ts"
export { reportFigures } from "./report-figures.ts"
export { secretBearingAuth } from "./secret-bearing-auth.ts"
export { selfSigned } from "./self-signed.ts"
export { type ServiceAnswer, type ServiceCall, serviceClient, serviceHeaders, serviceKey } from "./service-client.ts"
export { markIn, shown } from "./shown.ts"
export { type TestServers, testServers } from "./test-servers.ts"
export { type TunnelledIam, tunnelledIam } from "./tunnelled-iam.ts"
